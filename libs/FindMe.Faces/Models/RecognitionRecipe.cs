using System.Numerics;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace FindMe.Faces;

/// <summary>How faces are told apart: a model, what it wants to see, and what its distances mean. A file of <c>models/recipes</c>.</summary>
/// <remarks>models/README.md describes each field, so that a model can be brought without code.</remarks>
internal sealed record RecognitionRecipe
{
    // Changes whenever this code makes other embeddings of the same description: a new landmark network, another resampling.
    private const string CodeVersion = "1";

    // Digits of a digest that tell one model from another; a collision needs ill will, and then the stored embedding is no secret's key.
    private const int DigestDigits = 8;

    public required ModelSource Model { get; init; }

    public required InputFormat Input { get; init; }

    public required OutputFormat Output { get; init; }

    public required DetectionKind Detection { get; init; }

    /// <summary>Whether faces are found and cut out as face-api.js does.</summary>
    public bool IsFaceApi => Detection is DetectionKind.FaceApi or DetectionKind.FaceApiBytes;

    public required AlignmentTemplate Alignment { get; init; }

    /// <summary>Whether the chip's mirror image is embedded as well and added: what is left of pose cancels out.</summary>
    public required bool Mirror { get; init; }

    public required EmbeddingMetric Metric { get; init; }

    public required float MatchDistance { get; init; }

    public required float MaybeDistance { get; init; }

    /// <summary>Beyond this distance two photos show two people: at most 1 % of the pairs of one person are farther apart, in every group measured.</summary>
    public required float OtherPersonDistance { get; init; }

    public required ConfidenceCurve Confidence { get; init; }

    /// <summary>
    /// Names the model and the alignment that make an embedding: <c>fr_feature-b45e9be2/five-point-1-0f3a9c11</c>. Another file, another
    /// template or another normalisation gives another name.
    /// </summary>
    public string Identity =>
        $"{Path.GetFileNameWithoutExtension(Model.File)}-{Model.Sha256[..DigestDigits]}/{Alignment.Name}-{DigestOfChip()}";

    /// <summary>Reads and checks a description.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ModelException">It is missing, or says something that cannot be; the message names the file and the field.</exception>
    public static RecognitionRecipe Load(string path)
    {
        if (!File.Exists(path))
        {
            throw new ModelException($"The recipe {path} is missing. {ModelFile.WhatElse(path, ".json")}");
        }

        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            var recipe = Read(json.RootElement);
            return recipe.FindProblem() is { } problem ? throw new ModelException($"The recipe {path} cannot be used: {problem}.") : recipe;
        }
        catch (JsonException exception)
        {
            throw new ModelException($"The recipe {path} cannot be read: {exception.Message}", exception);
        }
    }

    private static RecognitionRecipe Read(JsonElement json)
    {
        var recipe = new RecipeFields(
            json, path: "", "model", "input", "output", "detection", "alignment", "mirror", "metric", "matchDistance", "maybeDistance", "otherPersonDistance", "confidence");
        var model = recipe.Object("model", "file", "sha256", "licence", "provenance");
        var input = recipe.Object("input", "name", "side", "channels", "mean", "divisor");
        var output = recipe.Object("output", "name", "length");
        var alignment = recipe.Object("alignment", "name", "points");
        var confidence = recipe.Object("confidence", "steepness", "evenDistance");
        return new RecognitionRecipe
        {
            Model = new ModelSource(model.Text("file"), model.Text("sha256"), model.Text("licence"), model.Text("provenance")),
            Input = new InputFormat(
                input.Text("name"),
                input.WholeNumber("side"),
                input.Choice<ChannelOrder>("channels"),
                input.Numbers("mean"),
                input.Number("divisor")),
            Output = new OutputFormat(output.Text("name"), output.WholeNumber("length")),
            Detection = recipe.Choice<DetectionKind>("detection"),
            Alignment = new AlignmentTemplate(
                alignment.Text("name"),
                [.. alignment.Objects("points", "landmarks", "x", "y").Select(point =>
                    new AlignmentPoint(point.WholeNumbers("landmarks"), point.Number("x"), point.Number("y")))]),
            Mirror = recipe.Flag("mirror"),
            Metric = recipe.Choice<EmbeddingMetric>("metric"),
            MatchDistance = recipe.Number("matchDistance"),
            MaybeDistance = recipe.Number("maybeDistance"),
            OtherPersonDistance = recipe.Number("otherPersonDistance"),
            Confidence = new ConfidenceCurve(confidence.Number("steepness"), confidence.Number("evenDistance")),
        };
    }

    private string? FindProblem() => this switch
    {
        { Model.File: var file } when file.Length == 0 || file != Path.GetFileName(file) => "model.file must be a file's name beside it, without a folder",
        { Model.Sha256: var digest } when digest.Length != 64 || !digest.All(char.IsAsciiHexDigitLower) => "model.sha256 must be 64 lower-case hexadecimal digits",
        { Input.Side: < 16 or > 512 } => "input.side must be 16 to 512 pixels",
        { Input.Mean.Length: not Picture.Bands } => "input.mean must hold a number for each of the three channels",
        { Input.Divisor: not (> 0 and < 1e6f) } => "input.divisor must be more than 0",
        { Output.Length: < FaceEmbedding.MinLength or > FaceEmbedding.MaxLength } =>
            $"output.length must be {FaceEmbedding.MinLength} to {FaceEmbedding.MaxLength}",
        { Detection: DetectionKind.EverySize, Alignment.Points.Length: < 2 } => "alignment.points must hold at least two points",
        { Alignment.Points: var points } when points.Any(point => point.Landmarks.Length == 0 || point.Landmarks.Any(index => index is < 0 or >= Landmarks.Count)) =>
            $"alignment.points[].landmarks must be indices from 0 to {Landmarks.Count - 1}",
        { MatchDistance: not >= 0 } or { MaybeDistance: not >= 0 } => "matchDistance and maybeDistance must be 0 or more",
        { OtherPersonDistance: var other } when !(other >= MatchDistance) => "otherPersonDistance must be at least matchDistance",
        { Confidence.Steepness: not > 0 } => "confidence.steepness must be more than 0",
        _ => null,
    };

    private string DigestOfChip()
    {
        var chip = JsonSerializer.SerializeToUtf8Bytes(new ChipMaking(CodeVersion, Input, Alignment, Mirror, Metric), RecipeJson.Default.ChipMaking);
        return Convert.ToHexStringLower(SHA256.HashData(chip))[..DigestDigits];
    }

    /// <summary>Where the model comes from; licence and provenance are for people.</summary>
    internal sealed record ModelSource(string File, string Sha256, string Licence, string Provenance);

    /// <summary>What the model's input, <c>[N, 3, side, side]</c>, holds: (value − mean) / divisor of each channel, 0 to 255 before.</summary>
    internal sealed record InputFormat(string Name, int Side, ChannelOrder Channels, float[] Mean, float Divisor);

    /// <summary>The model's output, <c>[N, length]</c>.</summary>
    internal sealed record OutputFormat(string Name, int Length);

    /// <summary>Where landmarks come to lie in the chip: the similarity of least squares takes the face there.</summary>
    internal sealed record AlignmentTemplate(string Name, AlignmentPoint[] Points);

    /// <summary>The mean of some landmarks, and its place in the chip, in pixels.</summary>
    internal sealed record AlignmentPoint(int[] Landmarks, float X, float Y)
    {
        [JsonIgnore]
        public Vector2 Place => new(X, Y);
    }

    /// <summary>Confidence as a function of distance: 1 / (1 + exp(steepness · (distance − evenDistance))).</summary>
    internal sealed record ConfidenceCurve(float Steepness, float Midpoint);

    /// <summary>All that an embedding depends on besides the model.</summary>
    internal sealed record ChipMaking(string Code, InputFormat Input, AlignmentTemplate Alignment, bool Mirror, EmbeddingMetric Metric);
}

/// <summary>The order of a chip's planes.</summary>
internal enum ChannelOrder
{
    Rgb,
    Bgr,
}

/// <summary>How faces are found and cut out.</summary>
internal enum DetectionKind
{
    /// <summary>At several sizes, chips aligned by landmarks.</summary>
    EverySize,

    /// <summary>Exactly as face-api.js: one pass of 512 pixels, no turning of the chip, tfjs' resizing. For comparison with it.</summary>
    FaceApi,

    /// <summary>The same with the detector in 8 bits: half the time, boxes that differ by a pixel or two.</summary>
    FaceApiBytes,
}

/// <summary>What a model's outputs are compared by.</summary>
internal enum EmbeddingMetric
{
    /// <summary>Their direction: scaled to unit length, the Euclidean distance is 0 to 2 and tells the cosine.</summary>
    Cosine,

    /// <summary>Their place: the Euclidean distance of outputs as they are.</summary>
    Euclidean,
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    Converters = [typeof(KebabCase<ChannelOrder>), typeof(KebabCase<EmbeddingMetric>)])]
[JsonSerializable(typeof(RecognitionRecipe.ChipMaking))]
internal sealed partial class RecipeJson : JsonSerializerContext;

/// <summary>Values of an enumeration as words with hyphens.</summary>
internal sealed class KebabCase<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false)
    where T : struct, Enum;
