using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Serialization;
using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>Names the people it was trained for, and nobody else: one file of labels, head, thresholds and a card that says how good it is.</summary>
/// <remarks>
/// A face is named if the head is sure of the person and the face lies near enough to the middle of the person's own faces: the probability
/// is the smaller one of softmax and 1 / (1 + exp(steepness · (distance − even distance))). What is left over is that of a stranger.
/// The file holds what people's faces look like to the network: keep it like their photos.
/// </remarks>
public sealed class PeopleModel
{
    /// <summary>Largest file that is read: 2,000 people of 2,048 numbers, more than half of it their confusion matrix.</summary>
    public const long MaxBytes = 100_000_000;

    /// <summary>Most people of a file.</summary>
    internal const int MaxPeople = 2_000;

    private const int Version = 2;

    // With a probability of half or more no other person can have more.
    internal const float LeastProbability = 0.5f;

    private readonly float[][] _centroids;

    internal PeopleModel(string[] people, string recipe, SoftmaxHead head, float[][] centroids, float[] midpoints, float steepness, PeopleCard card)
    {
        (People, Recipe, Head, _centroids, Midpoints, Steepness, Card) = (people, recipe, head, centroids, midpoints, steepness, card);
    }

    /// <summary>The names, in the order of the head's classes.</summary>
    public IReadOnlyList<string> People { get; }

    /// <summary>The <see cref="FaceEngine.Recipe"/> whose embeddings it takes.</summary>
    public string Recipe { get; }

    /// <summary>Of each person, the distance from the middle of the person's faces at which a face is as likely a stranger's.</summary>
    public IReadOnlyList<float> Midpoints { get; }

    /// <summary>How fast the probability falls there, for each unit of distance.</summary>
    public float Steepness { get; }

    /// <summary>What it was trained on and how good it is.</summary>
    public PeopleCard Card { get; }

    internal SoftmaxHead Head { get; }

    /// <summary>The middle of each person's embeddings.</summary>
    internal IReadOnlyList<float[]> Centroids => _centroids;

    /// <summary>Whether the head has a class for strangers behind those of the people.</summary>
    internal bool KnowsStrangers => Head.Classes > People.Count;

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="PeopleException">It is missing, or no such file.</exception>
    public static PeopleModel Load(string path)
    {
        try
        {
            return new FileInfo(path) switch
            {
                { Exists: false } => throw new PeopleException($"There is no file {path}: make one with findme people train."),
                { Length: > MaxBytes } => throw new PeopleException($"{path} is larger than any file of people."),
                _ => Parse(File.ReadAllBytes(path)),
            };
        }
        catch (JsonException exception)
        {
            throw new PeopleException($"{path} is no file of people: make one with findme people train.", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new PeopleException($"{path} cannot be read: {exception.Message}", exception);
        }
    }

    /// <summary>Writes the file, as <see cref="PrivateFile.Write"/> does.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">Its folder may not be written to.</exception>
    public void Save(string path)
    {
        var content = new Content(
            Version, Recipe, [.. People], ToBytes([.. Midpoints]), Steepness, Card, ToBytes(Head.Weights), ToBytes(Head.Biases), ToBytes([.. _centroids.SelectMany(centre => centre)]));
        PrivateFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(content, PeopleJson.Default.Content));
    }

    /// <summary>Says whose face it is.</summary>
    /// <param name="embedding">An embedding of <see cref="Recipe"/>.</param>
    /// <exception cref="PeopleException">It is of another length: another recipe made it.</exception>
    public NamedFace Name(FaceEmbedding embedding)
    {
        ArgumentNullException.ThrowIfNull(embedding);
        if (embedding.Values.Length != Head.Length)
        {
            throw new PeopleException($"The people were learnt with {Recipe}, whose embeddings have {Head.Length} numbers, not {embedding.Values.Length}: train again, or set the recipe that was used.");
        }

        var (person, probability, sum) = Weigh(embedding);
        return probability >= LeastProbability
            ? new NamedFace(People[person], probability)
            : new NamedFace(PeopleFolder.Unknown, Math.Clamp(1 - sum, 0, 1));
    }

    /// <summary>Who it is if it is nobody else.</summary>
    internal string Likeliest(FaceEmbedding embedding) => People[Weigh(embedding).Person];

    private (int Person, float Probability, float Sum) Weigh(FaceEmbedding embedding)
    {
        var shares = Head.Predict(embedding.Values);
        var (best, likeliest, sum) = (0, 0f, 0f);
        for (var person = 0; person < People.Count; person++)
        {
            var nearness = 1 / (1 + MathF.Exp(Steepness * (DistanceFrom(person, embedding.Values) - Midpoints[person])));
            var probability = Math.Min(shares[person], nearness);
            sum += probability;
            if (probability > likeliest)
            {
                (best, likeliest) = (person, probability);
            }
        }

        return (best, likeliest, sum);
    }

    internal float DistanceFrom(int person, ReadOnlySpan<float> embedding) => Distance(_centroids[person], embedding);

    internal static float Distance(ReadOnlySpan<float> one, ReadOnlySpan<float> other)
    {
        var sum = 0f;
        for (var i = 0; i < one.Length; i++)
        {
            sum += (one[i] - other[i]) * (one[i] - other[i]);
        }

        return MathF.Sqrt(sum);
    }

    /// <summary>Reads a file's bytes.</summary>
    /// <exception cref="JsonException">They are no such file.</exception>
    internal static PeopleModel Parse(ReadOnlySpan<byte> file)
    {
        var content = JsonSerializer.Deserialize(file, PeopleJson.Default.Content) ?? throw new JsonException("no content");
        var (weights, biases, centroids) = (ToFloats(content.Weights), ToFloats(content.Biases), ToFloats(content.Centroids));
        var midpoints = ToFloats(content.Midpoints);
        var people = content.People.Length;
        var length = people > 0 ? centroids.Length / people : 0;
        var fits = content.Version == Version
            && people is > 0 and <= MaxPeople
            && content.People.All(PeopleFiles.IsName)
            && content.People.Distinct(StringComparer.Ordinal).Count() == people
            && length is >= FaceEmbedding.MinLength and <= FaceEmbedding.MaxLength
            && centroids.Length == people * length
            && (biases.Length == people || biases.Length == people + 1)
            && weights.Length == biases.Length * length
            && midpoints.Length == people
            && content.Steepness is > 0 and < 1e6f;
        return fits
            ? new PeopleModel(
                content.People, content.Recipe, new SoftmaxHead(weights, biases), [.. centroids.Chunk(length)], midpoints, content.Steepness, content.Card)
            : throw new JsonException("the parts do not fit together");
    }

    private static byte[] ToBytes(float[] values)
    {
        var bytes = new byte[values.Length * sizeof(float)];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), values[i]);
        }

        return bytes;
    }

    private static float[] ToFloats(byte[] bytes)
    {
        var values = new float[bytes.Length / sizeof(float)];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(i * sizeof(float)));
        }

        return bytes.Length % sizeof(float) == 0 && values.All(float.IsFinite) ? values : throw new JsonException("not numbers");
    }

    /// <summary>The file: JSON, with numbers as little-endian floats in base64.</summary>
    internal sealed record Content(
        int Version,
        string Recipe,
        string[] People,
        [property: JsonPropertyName("evenDistances")] byte[] Midpoints,
        float Steepness,
        PeopleCard Card,
        byte[] Weights,
        byte[] Biases,
        [property: JsonPropertyName("centres")] byte[] Centroids);
}

/// <summary>Whose face it is.</summary>
/// <param name="Name">The name, or <c>unknown</c>.</param>
/// <param name="Probability">0 to 1, that it is; at least a half for a person.</param>
public sealed record NamedFace(string Name, float Probability);

/// <summary>A model card: what people were learnt from, and how well.</summary>
/// <param name="Model">What it is and what it is not for.</param>
/// <param name="Seed">The seed.</param>
/// <param name="Photos">Photos that were learnt from, of each person.</param>
/// <param name="UnknownFaces">Strangers' faces that were learnt from.</param>
/// <param name="Augmentations">Changed copies of each face.</param>
/// <param name="Measured">What was measured on photos that were kept aside; null if none were.</param>
public sealed record PeopleCard(string Model, int Seed, IReadOnlyDictionary<string, int> Photos, int UnknownFaces, int Augmentations, PeopleMeasurement? Measured);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    WriteIndented = true)]
[JsonSerializable(typeof(PeopleModel.Content))]
internal sealed partial class PeopleJson : JsonSerializerContext;
