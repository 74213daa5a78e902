using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Serialization;
using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>Names the people it was trained for, and rejects all others. A single file with labels, classifier head, thresholds and model card.</summary>
/// <remarks>
/// A face gets a person's name if the head is confident and the face is near the person's centroid: the probability is the smaller of
/// softmax and 1 / (1 + exp(steepness · (distance − midpoint))). The rest, to 1, is the probability of a stranger.
/// The file contains biometric data: protect it like the photos.
/// </remarks>
public sealed class PeopleModel
{
    /// <summary>Maximum file size in bytes. Fits 2,000 people of 2,048 numbers; more than half is their confusion matrix.</summary>
    public const long MaxBytes = 100_000_000;

    /// <summary>Maximum number of people.</summary>
    internal const int MaxPeople = 2_000;

    private const int Version = 2;

    // With a probability of at least 0.5, no other person can have a higher one.
    internal const float MinProbability = 0.5f;

    private readonly float[][] _centroids;

    internal PeopleModel(string[] people, string recipe, SoftmaxHead head, float[][] centroids, float[] midpoints, float steepness, PeopleCard card)
    {
        (People, Recipe, Head, _centroids, Midpoints, Steepness, Card) = (people, recipe, head, centroids, midpoints, steepness, card);
    }

    /// <summary>The names of the people, in the order of the head's classes.</summary>
    public IReadOnlyList<string> People { get; }

    /// <summary>The <see cref="FaceEngine.Recipe"/> used for training; <see cref="Name"/> accepts its embeddings only.</summary>
    public string Recipe { get; }

    /// <summary>For each person, the distance from the centroid at which a face is equally likely to be a stranger's.</summary>
    public IReadOnlyList<float> Midpoints { get; }

    /// <summary>Steepness of the logistic curve around the midpoint, per unit of distance.</summary>
    public float Steepness { get; }

    /// <summary>Describes the training data and the measured accuracy.</summary>
    public PeopleCard Card { get; }

    internal SoftmaxHead Head { get; }

    /// <summary>The centroid of each person's embeddings.</summary>
    internal IReadOnlyList<float[]> Centroids => _centroids;

    /// <summary>Whether the head has a class for strangers, which is then the last.</summary>
    internal bool KnowsStrangers => Head.Classes > People.Count;

    /// <summary>Loads a file that <see cref="Save"/> wrote.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="PeopleException">The file is missing or not a people file.</exception>
    public static PeopleModel Load(string path)
    {
        try
        {
            return new FileInfo(path) switch
            {
                { Exists: false } => throw new PeopleException($"There is no file {path}: create it with findme people train."),
                { Length: > MaxBytes } => throw new PeopleException($"{path} is too large to be a people file: name one of at most {MaxBytes / 1_000_000} MB."),
                _ => Parse(File.ReadAllBytes(path)),
            };
        }
        catch (JsonException exception)
        {
            throw new PeopleException($"{path} is not a people file: create one with findme people train.", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new PeopleException($"{path} cannot be read: {exception.Message}", exception);
        }
    }

    /// <summary>Writes the file with <see cref="PrivateFile.Write"/>.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="IOException">Writing failed.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder is not writable.</exception>
    public void Save(string path)
    {
        var content = new Content(
            Version, Recipe, [.. People], ToBytes([.. Midpoints]), Steepness, Card, ToBytes(Head.Weights), ToBytes(Head.Biases), ToBytes([.. _centroids.SelectMany(centroid => centroid)]));
        PrivateFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(content, PeopleJson.Default.Content));
    }

    /// <summary>Names a face.</summary>
    /// <param name="embedding">An embedding made with <see cref="Recipe"/>.</param>
    /// <exception cref="PeopleException">The embedding has another length, so another recipe made it.</exception>
    public NamedFace Name(FaceEmbedding embedding)
    {
        ArgumentNullException.ThrowIfNull(embedding);
        if (embedding.Values.Length != Head.Length)
        {
            throw new PeopleException($"The people were trained with {Recipe}, whose embeddings have {Head.Length} numbers, not {embedding.Values.Length}: train again, or set the recipe used for training.");
        }

        var (person, probability, sum) = FindBest(embedding);
        return probability >= MinProbability
            ? new NamedFace(People[person], probability)
            : new NamedFace(PeopleFolder.Unknown, Math.Clamp(1 - sum, 0, 1));
    }

    /// <summary>Returns the most probable person, without rejection.</summary>
    internal string Likeliest(FaceEmbedding embedding) => People[FindBest(embedding).Person];

    private (int Person, float Probability, float Sum) FindBest(FaceEmbedding embedding)
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

    /// <summary>Parses a people file.</summary>
    /// <exception cref="JsonException">The bytes are not a valid people file.</exception>
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
            : throw new JsonException("the parts do not match");
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

    /// <summary>The JSON of the file; arrays of floats are little-endian and base64-encoded.</summary>
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

/// <summary>The name of a face.</summary>
/// <param name="Name">The person's name, or <c>unknown</c>.</param>
/// <param name="Probability">Probability that the name is correct, 0 to 1; at least 0.5 for a person.</param>
public sealed record NamedFace(string Name, float Probability);

/// <summary>Model card of a people model.</summary>
/// <param name="Model">Purpose and limits of the model.</param>
/// <param name="Seed">Seed used for training.</param>
/// <param name="Photos">Number of training photos of each person.</param>
/// <param name="UnknownFaces">Number of training faces of strangers.</param>
/// <param name="Augmentations">Number of changed copies per face.</param>
/// <param name="Measured">Accuracy on the holdout; null without one.</param>
public sealed record PeopleCard(string Model, int Seed, IReadOnlyDictionary<string, int> Photos, int UnknownFaces, int Augmentations, PeopleMeasurement? Measured);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    WriteIndented = true)]
[JsonSerializable(typeof(PeopleModel.Content))]
internal sealed partial class PeopleJson : JsonSerializerContext;
