using System.Text.Json;
using System.Text.Json.Serialization;
using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>Describes the input, output and labels of an ONNX classifier. Read from <c>NAME.classifier.json</c> beside the models.</summary>
/// <remarks>models/README.md describes each field: adding a classifier takes no code.</remarks>
internal sealed record ClassifierDescription
{
    private const int MaxLabels = 100_000;

    public required RecognitionRecipe.ModelSource Model { get; init; }

    public required InputFormat Input { get; init; }

    public required OutputFormat Output { get; init; }

    /// <summary>Name of a file beside the description with one label per line, in the order of the outputs.</summary>
    public required string Labels { get; init; }

    /// <summary>Classes of pictures to hide by default; null if the classifier has none.</summary>
    public UnsafeClasses? Unsafe { get; init; }

    /// <summary>Reads and validates a description.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ModelException">The file is missing or invalid; the message names the file and the field.</exception>
    public static ClassifierDescription Load(string path)
    {
        if (!File.Exists(path))
        {
            throw new ModelException($"The classifier {path} is missing. {ModelFile.AlternativesTo(path, ".classifier.json")}");
        }

        try
        {
            var description = JsonSerializer.Deserialize(File.ReadAllBytes(path), ClassifierJson.Default.ClassifierDescription)!;
            return description.FindProblem() is { } problem
                ? throw new ModelException($"The classifier {path} cannot be used: {problem}.")
                : description;
        }
        catch (JsonException exception)
        {
            throw new ModelException($"The classifier {path} cannot be read: {exception.Message}", exception);
        }
    }

    /// <summary>Reads the labels, at least two.</summary>
    /// <param name="folder">Folder of the description.</param>
    /// <exception cref="ModelException">The file is missing, or has an invalid number of labels or empty lines.</exception>
    public string[] ReadLabels(string folder)
    {
        var path = Path.Combine(folder, Labels);
        var labels = File.Exists(path) ? File.ReadLines(path).Take(MaxLabels + 1).Select(line => line.Trim()).ToArray() : [];
        labels = labels is [.. var all, ""] ? all : labels;
        return labels.Length is >= 2 and <= MaxLabels && !labels.Contains("")
            ? labels
            : throw new ModelException($"The label file {path} must have 2 to {MaxLabels} lines, one per class, none empty.");
    }

    private string? FindProblem() => this switch
    {
        { Model.File: var file } when !IsFileName(file) => "model.file must be the name of a file in the same folder, without a path",
        { Model.Sha256: var digest } when digest.Length != 64 || !digest.All(char.IsAsciiHexDigitLower) => "model.sha256 must be 64 lower-case hexadecimal digits",
        { Labels: var file } when !IsFileName(file) => "labels must be the name of a file in the same folder, without a path",
        { Input.Width: < 16 or > 1_024 } or { Input.Height: < 16 or > 1_024 } => "input.width and input.height must be 16 to 1,024 pixels",
        { Input.Mean.Length: not Picture.Bands } or { Input.Divisor.Length: not Picture.Bands } =>
            "input.mean and input.divisor must have three numbers each, one per channel",
        { Input.Divisor: var divisor } when !Array.TrueForAll(divisor, value => value is > 0 and < 1e6f) => "input.divisor must be more than 0",
        { Unsafe.AtLeast: not (> 0 and <= 1) } => "unsafe.atLeast must be more than 0 and at most 1",
        { Input.Share: not (> 0 and <= 1) } => "input.share must be more than 0 and at most 1",
        _ => null,
    };

    private static bool IsFileName(string file) => file.Length > 0 && file == Path.GetFileName(file);

    /// <summary>
    /// The model's input <c>[N, 3, height, width]</c> or <c>[N, height, width, 3]</c>: (value − mean) / divisor per channel, for values from
    /// 0 to 255. Mean and divisor are in the order of the channels.
    /// </summary>
    internal sealed record InputFormat(
        string Name,
        TensorLayout Layout,
        int Width,
        int Height,
        ChannelOrder Channels,
        float[] Mean,
        float[] Divisor,
        FitKind Fit,
        float Share,
        ScalingKind Resampling);

    /// <summary>The model's output <c>[N, labels]</c>.</summary>
    internal sealed record OutputFormat(string Name, OutputKind Kind);

    /// <summary>A picture is unsafe if the probabilities of these labels sum to at least <paramref name="AtLeast"/>.</summary>
    internal sealed record UnsafeClasses(string[] Labels, float AtLeast);
}

/// <summary>Order of a tensor's dimensions.</summary>
internal enum TensorLayout
{
    Nchw,
    Nhwc,
}

/// <summary>How to fit a picture of any aspect ratio into the model's input.</summary>
internal enum FitKind
{
    /// <summary>Stretch the whole picture.</summary>
    Stretch,

    /// <summary>Crop the centre: the largest area with the input's aspect ratio, multiplied by <c>share</c> along both axes.</summary>
    Centre,
}

/// <summary>How to resize a picture to the input.</summary>
internal enum ScalingKind
{
    /// <summary>Average when shrinking.</summary>
    Smooth,

    /// <summary>As tfjs' <c>resizeBilinear</c> with aligned corners, four neighbours at any scale; for models published with it.</summary>
    AlignCorners,
}

/// <summary>Meaning of a model's outputs.</summary>
internal enum OutputKind
{
    /// <summary>Probabilities that sum to 1.</summary>
    Probabilities,

    /// <summary>Scores that softmax turns into probabilities.</summary>
    Logits,
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    Converters = [typeof(KebabCase<TensorLayout>), typeof(KebabCase<ChannelOrder>), typeof(KebabCase<FitKind>), typeof(KebabCase<ScalingKind>), typeof(KebabCase<OutputKind>)])]
[JsonSerializable(typeof(ClassifierDescription))]
internal sealed partial class ClassifierJson : JsonSerializerContext;
