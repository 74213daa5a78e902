using System.Diagnostics;
using System.Text.RegularExpressions;
using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>Says what a picture shows, by an ONNX classifier that a file beside the models describes.</summary>
/// <remarks>Serves all threads; no more pictures are worked on at once than the machine has processors, which bounds the memory.</remarks>
public sealed partial class ImageClassifier : IDisposable
{
    // Digits of the model's digest in its name: as many as in a recipe's.
    private const int DigestDigits = 8;

    private readonly FaceEngineOptions _options;
    private readonly ClassifierDescription _description;
    private readonly ClassifierInput _input;
    private readonly string[] _labels;
    private readonly ModelFile _model;
    private readonly SemaphoreSlim _processors = new(Environment.ProcessorCount);

    private ImageClassifier(FaceEngineOptions options, ClassifierDescription description, ClassifierInput input, string[] labels, ModelFile model)
    {
        _options = options;
        _description = description;
        _input = input;
        _labels = labels;
        _model = model;
    }

    /// <summary>Names the model's file: its name and eight digits of its digest, <c>nsfw_mobilenet_v2-154cf468</c>.</summary>
    public string Model => $"{Path.GetFileNameWithoutExtension(_description.Model.File)}-{_description.Model.Sha256[..DigestDigits]}";

    /// <summary>The classes, in the order of the model's outputs.</summary>
    public IReadOnlyList<string> Labels => _labels;

    /// <summary>Loads a model; takes about a tenth of a second.</summary>
    /// <param name="name">Its name: <c>nsfw</c>, or of a description of one's own, <c>NAME.classifier.json</c> in the folder of the models.</param>
    /// <param name="options">Where the models are, and what a photo may be.</param>
    /// <exception cref="ModelException">The model, its description or its labels are missing or do not fit; the message names the file and says what to do.</exception>
    public static ImageClassifier Load(string name, FaceEngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!Name().IsMatch(name))
        {
            throw new ModelException("A classifier's name has 1 to 64 letters, digits, hyphens and underscores.");
        }

        var folder = ModelFolder.Find(options.ModelsPath);
        var description = ClassifierDescription.Load(Path.Combine(folder, $"{name}.classifier.json"));
        var labels = description.ReadLabels(folder);
        if (description.Unsafe?.Labels.Except(labels).FirstOrDefault() is { } stray)
        {
            throw new ModelException($"The classifier {name} cannot be used: unsafe.labels names {stray}, which is none of its labels.");
        }

        var input = new ClassifierInput(description.Input);
        var model = ModelFile.Load(
            Path.Combine(folder, description.Model.File),
            description.Model.Sha256,
            new ModelFile.Tensor(description.Input.Name, [ModelFile.OneOrMany, .. Array.ConvertAll(input.Shape[1..], size => (int)size)]),
            new ModelFile.Tensor(description.Output.Name, ModelFile.OneOrMany, labels.Length));
        return new ImageClassifier(options, description, input, labels, model);
    }

    /// <summary>Classifies a picture.</summary>
    /// <param name="photo">The encoded picture: JPEG, PNG, WebP, GIF (its first frame), AVIF or TIFF. Not changed.</param>
    /// <param name="topK">How many classes are wanted, 1 or more; there are never more than <see cref="Labels"/>.</param>
    /// <param name="cancellationToken">Checked between the steps.</param>
    /// <exception cref="PhotoException">The picture cannot be read.</exception>
    public Classification Classify(ReadOnlyMemory<byte> photo, int topK, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(topK, 1);
        _processors.Wait(cancellationToken);
        try
        {
            var start = Stopwatch.GetTimestamp();
            var tensor = new float[_input.Length];
            long decoded;
            using (var picture = PhotoDecoding.Decode(photo, FaceEngine.WorkingSide, _options, cancellationToken))
            {
                decoded = Stopwatch.GetTimestamp();
                _input.Fill(picture, tensor);
            }

            var filled = Stopwatch.GetTimestamp();
            cancellationToken.ThrowIfCancellationRequested();
            var probabilities = Run(tensor);
            var results = Enumerable.Range(0, probabilities.Length)
                .OrderByDescending(index => probabilities[index])
                .Take(topK)
                .Select(index => new ClassProbability(_labels[index], probabilities[index]))
                .ToArray();
            var end = Stopwatch.GetTimestamp();
            return new Classification(
                results,
                Model,
                new ClassificationTimings(Milliseconds(start, decoded), Milliseconds(decoded, filled), Milliseconds(filled, end), Milliseconds(start, end)));
        }
        finally
        {
            _processors.Release();
        }
    }

    /// <summary>Says whether a picture is one that nobody should be shown unasked.</summary>
    /// <param name="photo">As for <see cref="Classify"/>.</param>
    /// <param name="cancellationToken">Checked between the steps.</param>
    /// <returns>The likeliest of the unsafe classes; null where they are together less likely than the description demands, or it names none.</returns>
    /// <exception cref="PhotoException">The picture cannot be read.</exception>
    public string? FindUnsafeClass(ReadOnlyMemory<byte> photo, CancellationToken cancellationToken = default)
    {
        if (_description.Unsafe is not { } rule)
        {
            return null;
        }

        var found = Classify(photo, _labels.Length, cancellationToken).Results.Where(result => rule.Labels.Contains(result.ClassName, StringComparer.Ordinal)).ToList();
        return found.Sum(result => result.Probability) >= rule.AtLeast ? found[0].ClassName : null;
    }

    /// <summary>Unloads the model.</summary>
    public void Dispose()
    {
        _model.Dispose();
        _processors.Dispose();
    }

    private float[] Run(float[] tensor)
    {
        using var outputs = _model.Run(tensor, _input.Shape);
        var values = outputs[0].GetTensorDataAsSpan<float>().ToArray();
        return _description.Output.Kind == OutputKind.Logits ? Softmax(values) : values;
    }

    private static float[] Softmax(float[] logits)
    {
        var largest = logits.Max();
        var exponentials = Array.ConvertAll(logits, logit => MathF.Exp(logit - largest));
        var sum = exponentials.Sum();
        return Array.ConvertAll(exponentials, value => value / sum);
    }

    private static double Milliseconds(long from, long to) => Math.Round(Stopwatch.GetElapsedTime(from, to).TotalMilliseconds, 2);

    [GeneratedRegex(@"^[A-Za-z0-9_-]{1,64}\z", RegexOptions.NonBacktracking)]
    private static partial Regex Name();
}

/// <summary>What a picture shows.</summary>
/// <param name="Results">The likeliest classes, likeliest first.</param>
/// <param name="Model">The model that says so.</param>
/// <param name="Timings">How long it took.</param>
public sealed record Classification(IReadOnlyList<ClassProbability> Results, string Model, ClassificationTimings Timings);

/// <summary>A class and its probability.</summary>
/// <param name="ClassName">The class's label.</param>
/// <param name="Probability">0 to 1; those of all classes sum to 1.</param>
public sealed record ClassProbability(string ClassName, float Probability);

/// <summary>How long the steps took, in milliseconds.</summary>
/// <param name="Decode">From bytes to pixels.</param>
/// <param name="Input">From pixels to the model's input.</param>
/// <param name="Classify">The model.</param>
/// <param name="Total">All of it.</param>
public sealed record ClassificationTimings(double Decode, double Input, double Classify, double Total);
