using System.Diagnostics;
using System.Text.RegularExpressions;
using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>Classifies pictures with an ONNX model that a description file beside the models configures.</summary>
/// <remarks>Thread-safe. It processes at most one picture per processor at a time, which bounds memory.</remarks>
public sealed partial class ImageClassifier : IDisposable
{
    // Digits of the SHA-256 digest in a model's name; the same number as in RecognitionRecipe.Identity.
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

    /// <summary>Identifies the model by its file name and eight digits of its digest, such as <c>nsfw_mobilenet_v2-154cf468</c>.</summary>
    public string Model => $"{Path.GetFileNameWithoutExtension(_description.Model.File)}-{_description.Model.Sha256[..DigestDigits]}";

    /// <summary>The classes, in the order of the model's outputs.</summary>
    public IReadOnlyList<string> Labels => _labels;

    /// <summary>Loads a classifier; takes about 100 ms.</summary>
    /// <param name="name"><c>nsfw</c>, or the NAME of your own <c>NAME.classifier.json</c> in the folder of models.</param>
    /// <param name="options">Folder of the models, and limits on photos.</param>
    /// <exception cref="ModelException">The model, its description or its labels are missing or do not match; the message names the file and says what to do.</exception>
    public static ImageClassifier Load(string name, FaceEngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!Name().IsMatch(name))
        {
            throw new ModelException("The name of a classifier must be 1 to 64 letters, digits, hyphens or underscores.");
        }

        var folder = ModelFolder.Find(options.ModelsPath);
        var description = ClassifierDescription.Load(Path.Combine(folder, $"{name}.classifier.json"));
        var labels = description.ReadLabels(folder);
        if (description.Unsafe?.Labels.Except(labels).FirstOrDefault() is { } stray)
        {
            throw new ModelException($"The classifier {name} cannot be used: unsafe.labels names {stray}, which is not one of its labels.");
        }

        var input = new ClassifierInput(description.Input);
        var model = ModelFile.Load(
            Path.Combine(folder, description.Model.File),
            new ModelFile.Tensor(description.Input.Name, [ModelFile.OneOrMany, .. Array.ConvertAll(input.Shape[1..], size => (int)size)]),
            [new ModelFile.Tensor(description.Output.Name, ModelFile.OneOrMany, labels.Length)],
            description.Model.Sha256);
        return new ImageClassifier(options, description, input, labels, model);
    }

    /// <summary>Classifies a picture.</summary>
    /// <param name="photo">The encoded picture: JPEG, PNG, WebP, GIF (first frame), AVIF or TIFF.</param>
    /// <param name="topK">Maximum number of classes to return, 1 or more.</param>
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

    /// <summary>Checks whether a picture should be hidden by default.</summary>
    /// <param name="photo">As for <see cref="Classify"/>.</param>
    /// <param name="cancellationToken">Checked between the steps.</param>
    /// <returns>The most probable unsafe class; null if the unsafe classes stay below the description's threshold, or it has none.</returns>
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

/// <summary>The result of classifying a picture.</summary>
/// <param name="Results">The most probable classes, highest probability first.</param>
/// <param name="Model">The <see cref="ImageClassifier.Model"/> used.</param>
/// <param name="Timings">Duration of each step.</param>
public sealed record Classification(IReadOnlyList<ClassProbability> Results, string Model, ClassificationTimings Timings);

/// <summary>A class and its probability.</summary>
/// <param name="ClassName">Label of the class.</param>
/// <param name="Probability">0 to 1; the probabilities of all classes sum to 1.</param>
public sealed record ClassProbability(string ClassName, float Probability);

/// <summary>Durations of the steps of a classification, in milliseconds.</summary>
/// <param name="Decode">Decoding the picture.</param>
/// <param name="Input">Converting the pixels to the model's input.</param>
/// <param name="Classify">Running the model.</param>
/// <param name="Total">All steps.</param>
public sealed record ClassificationTimings(double Decode, double Input, double Classify, double Total);
