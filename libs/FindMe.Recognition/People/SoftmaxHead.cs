using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace FindMe.Recognition;

/// <summary>Multinomial logistic regression: an embedding → the probability of each class.</summary>
/// <param name="Weights"><c>[classes, length]</c>, row by row.</param>
/// <param name="Biases">One per class.</param>
internal sealed record SoftmaxHead(float[] Weights, float[] Biases)
{
    // Weight decay (factor of |w|² / 2 in the loss), and the factor applied to the scores after training (temperature scaling: Guo et al., On
    // Calibration of Modern Neural Networks, 2017): a head with enough decay to generalize is underconfident. Chosen by five-fold
    // cross-validation over 96 public people (docs/recognition.md): the mean of each class's log loss is 0.49 for 3e-4 and 1, 0.011 for these,
    // and 0.010 to 0.021 for decays from 1e-5 to 1e-4 with a sharpness from 2 to 5.
    private const double Decay = 3e-5;
    private const float Sharpness = 2.5f;

    private const int MaxSteps = 200;
    private const int Memory = 8;
    private const double MinGain = 1e-7;

    /// <summary>Number of classes.</summary>
    public int Classes => Biases.Length;

    /// <summary>Number of values in an embedding.</summary>
    public int Length => Weights.Length / Biases.Length;

    /// <summary>Returns the probability of each class; they sum to 1.</summary>
    public float[] Predict(ReadOnlySpan<float> embedding)
    {
        var scores = new float[Classes];
        for (var label = 0; label < scores.Length; label++)
        {
            scores[label] = Biases[label] + Dot(embedding, Weights.AsSpan(label * Length, Length));
        }

        Softmax(scores);
        return scores;
    }

    /// <summary>Trains with L-BFGS. Classes have equal weight, regardless of their number of samples. Deterministic.</summary>
    /// <param name="samples">Embeddings of one length.</param>
    /// <param name="labels">The class of each sample, from 0.</param>
    /// <param name="classes">Number of classes, at least 2; each must have a sample.</param>
    /// <param name="cancellationToken">Checked before each step.</param>
    public static SoftmaxHead Train(IReadOnlyList<ReadOnlyMemory<float>> samples, IReadOnlyList<int> labels, int classes, CancellationToken cancellationToken)
    {
        var problem = new Problem(samples, labels, classes);
        var point = Array.ConvertAll(Minimize(problem, cancellationToken), value => value * Sharpness);
        var length = samples[0].Length;
        return new SoftmaxHead(point[..(classes * length)], point[(classes * length)..]);
    }

    // Nocedal and Wright, Numerical Optimization, algorithms 7.4 and 7.5, with a backtracking line search (Armijo).
    private static float[] Minimize(Problem problem, CancellationToken cancellationToken)
    {
        var point = new float[problem.Size];
        var gradient = new float[problem.Size];
        var loss = problem.Evaluate(point, gradient);
        var history = new Queue<(float[] Step, float[] Change, double Curvature)>();
        for (var step = 0; step < MaxSteps; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var direction = Direction(gradient, history);
            var slope = DotDouble(direction, gradient);
            var (next, nextGradient, nextLoss) = (new float[problem.Size], new float[problem.Size], loss);
            for (var size = 1.0; size > 1e-6; size /= 2)
            {
                for (var i = 0; i < next.Length; i++)
                {
                    next[i] = (float)(point[i] + (size * direction[i]));
                }

                nextLoss = problem.Evaluate(next, nextGradient);
                if (nextLoss <= loss + (1e-4 * size * slope))
                {
                    break;
                }
            }

            if (loss - nextLoss < MinGain)
            {
                break;
            }

            Remember(history, point, next, gradient, nextGradient);
            (point, gradient, loss) = (next, nextGradient, nextLoss);
        }

        return point;
    }

    private static void Remember(Queue<(float[] Step, float[] Change, double Curvature)> history, float[] point, float[] next, float[] gradient, float[] nextGradient)
    {
        var step = new float[point.Length];
        var change = new float[point.Length];
        for (var i = 0; i < step.Length; i++)
        {
            (step[i], change[i]) = (next[i] - point[i], nextGradient[i] - gradient[i]);
        }

        if (DotDouble(step, change) is > 1e-12 and var curvature)
        {
            history.Enqueue((step, change, curvature));
            if (history.Count > Memory)
            {
                history.Dequeue();
            }
        }
    }

    private static float[] Direction(float[] gradient, Queue<(float[] Step, float[] Change, double Curvature)> history)
    {
        var direction = Array.ConvertAll(gradient, value => -value);
        var newestFirst = history.Reverse().ToArray();
        var factors = new double[newestFirst.Length];
        for (var i = 0; i < newestFirst.Length; i++)
        {
            factors[i] = DotDouble(newestFirst[i].Step, direction) / newestFirst[i].Curvature;
            Add(direction, newestFirst[i].Change, -factors[i]);
        }

        if (newestFirst is [var newest, ..])
        {
            var scale = newest.Curvature / DotDouble(newest.Change, newest.Change);
            for (var i = 0; i < direction.Length; i++)
            {
                direction[i] = (float)(direction[i] * scale);
            }
        }

        for (var i = newestFirst.Length - 1; i >= 0; i--)
        {
            Add(direction, newestFirst[i].Step, factors[i] - (DotDouble(newestFirst[i].Change, direction) / newestFirst[i].Curvature));
        }

        return direction;
    }

    private static void Add(float[] sum, float[] values, double factor)
    {
        for (var i = 0; i < sum.Length; i++)
        {
            sum[i] = (float)(sum[i] + (values[i] * factor));
        }
    }

    private static double DotDouble(float[] a, float[] b)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++)
        {
            sum += (double)a[i] * b[i];
        }

        return sum;
    }

    private static void Softmax(Span<float> scores)
    {
        var largest = float.NegativeInfinity;
        foreach (var score in scores)
        {
            largest = Math.Max(largest, score);
        }

        var sum = 0f;
        foreach (ref var score in scores)
        {
            score = MathF.Exp(score - largest);
            sum += score;
        }

        foreach (ref var score in scores)
        {
            score /= sum;
        }
    }

    // Always 8 lanes, even on machines with wider registers, so that the order of the sum and thus the result are the same everywhere.
    private static float Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var sum = Vector256<float>.Zero;
        var wideA = MemoryMarshal.Cast<float, Vector256<float>>(a);
        var wideB = MemoryMarshal.Cast<float, Vector256<float>>(b);
        for (var i = 0; i < wideA.Length; i++)
        {
            sum += wideA[i] * wideB[i];
        }

        var total = Vector256.Sum(sum);
        for (var i = wideA.Length * Vector256<float>.Count; i < a.Length; i++)
        {
            total += a[i] * b[i];
        }

        return total;
    }

    private static void AddScaled(Span<float> sum, ReadOnlySpan<float> values, float factor)
    {
        var wideSum = MemoryMarshal.Cast<float, Vector256<float>>(sum);
        var wideValues = MemoryMarshal.Cast<float, Vector256<float>>(values);
        for (var i = 0; i < wideSum.Length; i++)
        {
            wideSum[i] += wideValues[i] * factor;
        }

        for (var i = wideSum.Length * Vector256<float>.Count; i < sum.Length; i++)
        {
            sum[i] += values[i] * factor;
        }
    }

    /// <summary>The regularized mean loss as a function of one array with the weights, then the biases.</summary>
    private sealed class Problem
    {
        private readonly IReadOnlyList<ReadOnlyMemory<float>> _samples;
        private readonly IReadOnlyList<int> _labels;
        private readonly int _classes;
        private readonly int _length;
        private readonly float[] _importance;
        private readonly float[] _errors;

        public Problem(IReadOnlyList<ReadOnlyMemory<float>> samples, IReadOnlyList<int> labels, int classes)
        {
            (_samples, _labels, _classes, _length) = (samples, labels, classes, samples[0].Length);
            var counts = new int[classes];
            foreach (var label in labels)
            {
                counts[label]++;
            }

            _importance = [.. labels.Select(label => 1f / (classes * counts[label]))];
            _errors = new float[samples.Count * classes];
        }

        public int Size => _classes * (_length + 1);

        public double Evaluate(float[] point, float[] gradient)
        {
            var losses = new double[_samples.Count];
            Parallel.For(0, _samples.Count, sample =>
            {
                var errors = _errors.AsSpan(sample * _classes, _classes);
                for (var label = 0; label < _classes; label++)
                {
                    errors[label] = point[(_classes * _length) + label] + Dot(_samples[sample].Span, point.AsSpan(label * _length, _length));
                }

                Softmax(errors);
                losses[sample] = -Math.Log(Math.Max(errors[_labels[sample]], 1e-30)) * _importance[sample];
                errors[_labels[sample]] -= 1;
                foreach (ref var error in errors)
                {
                    error *= _importance[sample];
                }
            });

            // One thread sums all samples of a class in order, so that the result is deterministic.
            Parallel.For(0, _classes, label =>
            {
                var row = gradient.AsSpan(label * _length, _length);
                row.Clear();
                var bias = 0f;
                for (var sample = 0; sample < _samples.Count; sample++)
                {
                    var error = _errors[(sample * _classes) + label];
                    AddScaled(row, _samples[sample].Span, error);
                    bias += error;
                }

                AddScaled(row, point.AsSpan(label * _length, _length), (float)Decay);
                gradient[(_classes * _length) + label] = bias;
            });

            var norm = 0.0;
            for (var i = 0; i < _classes * _length; i++)
            {
                norm += (double)point[i] * point[i];
            }

            return losses.Sum() + (Decay * norm / 2);
        }
    }
}
