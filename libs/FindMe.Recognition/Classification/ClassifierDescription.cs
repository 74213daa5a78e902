using System.Text.Json;
using System.Text.Json.Serialization;
using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>What an ONNX classifier wants to see and what its outputs are called: a file <c>NAME.classifier.json</c> beside the models.</summary>
/// <remarks>models/README.md describes each field, so that a classifier can be brought without code.</remarks>
internal sealed record ClassifierDescription
{
    private const int MaxLabels = 100_000;

    public required RecognitionRecipe.ModelSource Model { get; init; }

    public required InputFormat Input { get; init; }

    public required OutputFormat Output { get; init; }

    /// <summary>A file beside the description: one label a line, in the order of the outputs.</summary>
    public required string Labels { get; init; }

    /// <summary>Which classes are none to be shown unasked; null: the classifier knows none.</summary>
    public UnsafeClasses? Unsafe { get; init; }

    /// <summary>Reads and checks a description.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ModelException">It is missing, or says something that cannot be; the message names the file and the field.</exception>
    public static ClassifierDescription Load(string path)
    {
        if (!File.Exists(path))
        {
            throw new ModelException($"The classifier {path} is missing. {ModelFile.WhatElse(path, ".classifier.json")}");
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

    /// <summary>The labels, at least two.</summary>
    /// <param name="folder">Where the description lies.</param>
    /// <exception cref="ModelException">The file is missing or holds fewer.</exception>
    public string[] ReadLabels(string folder)
    {
        var path = Path.Combine(folder, Labels);
        var labels = File.Exists(path) ? File.ReadLines(path).Take(MaxLabels + 1).Select(line => line.Trim()).ToArray() : [];
        labels = labels is [.. var all, ""] ? all : labels;
        return labels.Length is >= 2 and <= MaxLabels && !labels.Contains("")
            ? labels
            : throw new ModelException($"The labels {path} must be 2 to {MaxLabels} lines, one a class, none empty.");
    }

    private string? FindProblem() => this switch
    {
        { Model.File: var file } when !IsFileName(file) => "model.file must be a file's name beside it, without a folder",
        { Model.Sha256: var digest } when digest.Length != 64 || !digest.All(char.IsAsciiHexDigitLower) => "model.sha256 must be 64 lower-case hexadecimal digits",
        { Labels: var file } when !IsFileName(file) => "labels must be a file's name beside it, without a folder",
        { Input.Width: < 16 or > 1_024 } or { Input.Height: < 16 or > 1_024 } => "input.width and input.height must be 16 to 1,024 pixels",
        { Input.Mean.Length: not Picture.Bands } or { Input.Divisor.Length: not Picture.Bands } =>
            "input.mean and input.divisor must hold a number for each of the three channels",
        { Input.Divisor: var divisor } when !Array.TrueForAll(divisor, value => value is > 0 and < 1e6f) => "input.divisor must be more than 0",
        { Unsafe.AtLeast: not (> 0 and <= 1) } => "unsafe.atLeast must be more than 0 and at most 1",
        { Input.Share: not (> 0 and <= 1) } => "input.share must be more than 0 and at most 1",
        _ => null,
    };

    private static bool IsFileName(string file) => file.Length > 0 && file == Path.GetFileName(file);

    /// <summary>
    /// The model's input, <c>[N, 3, height, width]</c> or <c>[N, height, width, 3]</c>: (value − mean) / divisor of each channel, 0 to 255
    /// before, in the order of the channels.
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

    /// <summary>The model's output, <c>[N, labels]</c>.</summary>
    internal sealed record OutputFormat(string Name, OutputKind Kind);

    /// <summary>A picture is unsafe if these labels together have at least this probability.</summary>
    internal sealed record UnsafeClasses(string[] Labels, float AtLeast);
}

/// <summary>Where a tensor's channels are.</summary>
internal enum TensorLayout
{
    Nchw,
    Nhwc,
}

/// <summary>How a picture of any shape fills the model's input.</summary>
internal enum FitKind
{
    /// <summary>All of it, stretched.</summary>
    Stretch,

    /// <summary>The largest part of the input's shape in its middle, of which <c>share</c> is taken along both axes.</summary>
    Centre,
}

/// <summary>How a picture is brought to the input's size.</summary>
internal enum ScalingKind
{
    /// <summary>What shrinks is averaged.</summary>
    Smooth,

    /// <summary>tfjs' <c>resizeBilinear</c> with aligned corners: four neighbours, whatever the step. What a model was used with, it should be used with.</summary>
    AlignCorners,
}

/// <summary>What a model's outputs are.</summary>
internal enum OutputKind
{
    /// <summary>They sum to 1.</summary>
    Probabilities,

    /// <summary>Softmax makes probabilities of them.</summary>
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
