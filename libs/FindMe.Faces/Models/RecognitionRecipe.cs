using System.Numerics;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace FindMe.Faces;

/// <summary>Describes a recognition model, its input, and the meaning of its distances. Read from a file of <c>models/recipes</c>.</summary>
/// <remarks>models/README.md describes each field: adding a model takes no code.</remarks>
internal sealed record RecognitionRecipe
{
    // Raise it when the code makes different embeddings from the same recipe, such as after a change of landmark model or resampling.
    private const string CodeVersion = "1";

    // Eight hexadecimal digits distinguish models. Only a deliberate attack could cause a collision, and the identity protects no secret.
    private const int DigestDigits = 8;

    public required ModelSource Model { get; init; }

    public required InputFormat Input { get; init; }

    public required OutputFormat Output { get; init; }

    public required DetectionKind Detection { get; init; }

    /// <summary>Whether detection and cropping follow face-api.js.</summary>
    public bool IsFaceApi => Detection is DetectionKind.FaceApi or DetectionKind.FaceApiBytes;

    public required AlignmentTemplate Alignment { get; init; }

    /// <summary>Whether to average the embeddings of the chip and its mirror image, which cancels out the remaining pose.</summary>
    public required bool Mirror { get; init; }

    /// <summary>Whether the embedding of a reference is the mean of ten views, which cancels out errors of its alignment.</summary>
    public required bool ReferenceViews { get; init; }

    public required EmbeddingMetric Metric { get; init; }

    public required float MatchDistance { get; init; }

    public required float MaybeDistance { get; init; }

    /// <summary>Distance above which two faces belong to different people: in every group measured, at most 1 % of the pairs of one person exceed it.</summary>
    public required float OtherPersonDistance { get; init; }

    /// <summary>How much nearer a face must be, at most, in an album whose people look alike; 0 to treat every album the same.</summary>
    public required float AlbumMargin { get; init; }

    public required ConfidenceCurve Confidence { get; init; }

    /// <summary>
    /// Identifies the model and alignment that make embeddings, such as <c>face_embedding-141d8d1a/five-point-1-0f3a9c11</c>. It changes with the
    /// model file, the alignment template and the normalization.
    /// </summary>
    public string Identity =>
        $"{Path.GetFileNameWithoutExtension(Model.File)}-{Model.Sha256[..DigestDigits]}/{Alignment.Name}-{ChipDigest()}";

    /// <summary>Reads and validates a recipe.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ModelException">The file is missing or invalid; the message names the file and the field.</exception>
    public static RecognitionRecipe Load(string path)
    {
        if (!File.Exists(path))
        {
            throw new ModelException($"The recipe {path} is missing. {ModelFile.AlternativesTo(path, ".json")}");
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
            json, path: "", "model", "input", "output", "detection", "alignment", "mirror", "referenceViews", "metric", "matchDistance", "maybeDistance", "otherPersonDistance", "albumMargin", "confidence");
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
            ReferenceViews = recipe.Flag("referenceViews"),
            Metric = recipe.Choice<EmbeddingMetric>("metric"),
            MatchDistance = recipe.Number("matchDistance"),
            MaybeDistance = recipe.Number("maybeDistance"),
            OtherPersonDistance = recipe.Number("otherPersonDistance"),
            AlbumMargin = recipe.Number("albumMargin"),
            Confidence = new ConfidenceCurve(confidence.Number("steepness"), confidence.Number("evenDistance")),
        };
    }

    private string? FindProblem() => this switch
    {
        { Model.File: var file } when file.Length == 0 || file != Path.GetFileName(file) => "model.file must be the name of a file in the same folder, without a path",
        { Model.Sha256: var digest } when digest.Length != 64 || !digest.All(char.IsAsciiHexDigitLower) => "model.sha256 must be 64 lower-case hexadecimal digits",
        { Input.Side: < 16 or > 512 } => "input.side must be 16 to 512 pixels",
        { Input.Mean.Length: not Picture.Bands } => "input.mean must have three numbers, one per channel",
        { Input.Divisor: not (> 0 and < 1e6f) } => "input.divisor must be more than 0",
        { Output.Length: < FaceEmbedding.MinLength or > FaceEmbedding.MaxLength } =>
            $"output.length must be {FaceEmbedding.MinLength} to {FaceEmbedding.MaxLength}",
        { Detection: DetectionKind.EverySize, Alignment.Points.Length: < 2 } => "alignment.points must have at least two points",
        { Alignment.Points: var points } when points.Any(point => point.Landmarks.Length == 0 || point.Landmarks.Any(index => index is < 0 or >= Landmarks.Count)) =>
            $"alignment.points[].landmarks must be indices from 0 to {Landmarks.Count - 1}",
        { MatchDistance: not >= 0 } or { MaybeDistance: not >= 0 } => "matchDistance and maybeDistance must be 0 or more",
        { OtherPersonDistance: var other } when !(other >= MatchDistance) => "otherPersonDistance must be at least matchDistance",
        { AlbumMargin: not >= 0 } => "albumMargin must be 0 or more",
        { Confidence.Steepness: not > 0 } => "confidence.steepness must be more than 0",
        _ => null,
    };

    private string ChipDigest()
    {
        var chip = JsonSerializer.SerializeToUtf8Bytes(new ChipSettings(CodeVersion, Input, Alignment, Mirror, ReferenceViews, Metric), RecipeJson.Default.ChipSettings);
        return Convert.ToHexStringLower(SHA256.HashData(chip))[..DigestDigits];
    }

    /// <summary>Origin of the model; licence and provenance are informational.</summary>
    internal sealed record ModelSource(string File, string Sha256, string Licence, string Provenance);

    /// <summary>The model's input <c>[N, 3, side, side]</c>: (value − mean) / divisor per channel, for values from 0 to 255.</summary>
    internal sealed record InputFormat(string Name, int Side, ChannelOrder Channels, float[] Mean, float Divisor);

    /// <summary>The model's output, <c>[N, length]</c>.</summary>
    internal sealed record OutputFormat(string Name, int Length);

    /// <summary>Target positions of landmarks in the chip. A least-squares similarity transform moves the face there.</summary>
    internal sealed record AlignmentTemplate(string Name, AlignmentPoint[] Points);

    /// <summary>Target position in the chip, in pixels, of the mean of some landmarks.</summary>
    internal sealed record AlignmentPoint(int[] Landmarks, float X, float Y)
    {
        [JsonIgnore]
        public Vector2 Position => new(X, Y);
    }

    /// <summary>Confidence as a function of distance: 1 / (1 + exp(steepness · (distance − midpoint))). The recipe names the midpoint <c>evenDistance</c>.</summary>
    internal sealed record ConfidenceCurve(float Steepness, float Midpoint);

    /// <summary>Everything besides the model that embeddings depend on.</summary>
    internal sealed record ChipSettings(string Code, InputFormat Input, AlignmentTemplate Alignment, bool Mirror, bool ReferenceViews, EmbeddingMetric Metric);
}

/// <summary>Order of the colour planes in a chip.</summary>
internal enum ChannelOrder
{
    Rgb,
    Bgr,
}

/// <summary>How faces are detected and cropped.</summary>
internal enum DetectionKind
{
    /// <summary>Detection at several sizes; chips are aligned by landmarks.</summary>
    EverySize,

    /// <summary>Exactly as in face-api.js, for comparisons with it: one pass at 512 pixels, chips not rotated, resizing of tfjs.</summary>
    FaceApi,

    /// <summary>As <see cref="FaceApi"/> with the 8-bit detector: twice as fast, boxes differ by one or two pixels.</summary>
    FaceApiBytes,
}

/// <summary>How a model's outputs are compared.</summary>
internal enum EmbeddingMetric
{
    /// <summary>By direction: outputs are scaled to unit length, so that their Euclidean distance, 0 to 2, determines the cosine.</summary>
    Cosine,

    /// <summary>By the Euclidean distance of the unscaled outputs.</summary>
    Euclidean,
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    Converters = [typeof(KebabCase<ChannelOrder>), typeof(KebabCase<EmbeddingMetric>)])]
[JsonSerializable(typeof(RecognitionRecipe.ChipSettings))]
internal sealed partial class RecipeJson : JsonSerializerContext;

/// <summary>Writes enum values in kebab case.</summary>
internal sealed class KebabCase<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false)
    where T : struct, Enum;
