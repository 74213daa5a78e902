using System.Globalization;
using System.Text;
using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>Embeddings of one person's face, and the recipe that made them. Only vectors of the same recipe can be compared.</summary>
/// <param name="Recipe">The <see cref="FaceEngine.Recipe"/>; null if the vectors come from a file without a comment line.</param>
/// <param name="Vectors">At least one embedding, all of one length: that of the photo first, then those of its augmentations.</param>
public sealed record FaceVectors(string? Recipe, IReadOnlyList<FaceEmbedding> Vectors)
{
    /// <summary>Maximum number of rows to read: 100,000 faces take 200 MB of memory.</summary>
    public const int MaxRows = 100_000;

    // Spreadsheets start UTF-8 files with it.
    private const char ByteOrderMark = '\ufeff';

    private const string RecipeMark = "recipe=";
    private const string RowsMark = "rows=";

    /// <summary>Writes CSV with one vector per row, in full precision.</summary>
    /// <param name="comment">Whether to start with a comment line that names the recipe. Without it, readers cannot detect vectors of another model.</param>
    /// <returns>Lines that end with a line feed.</returns>
    public string ToCsv(bool comment = true)
    {
        var csv = new StringBuilder();
        if (comment)
        {
            csv.Append($"# findme face vectors; {RecipeMark}{Recipe}; length={Vectors[0].Values.Length}; {RowsMark}{Vectors.Count}\n");
        }

        foreach (var vector in Vectors)
        {
            var separator = "";
            foreach (var value in vector.Values)
            {
                csv.Append(separator).Append(value.ToString("R", CultureInfo.InvariantCulture));
                separator = ",";
            }

            csv.Append('\n');
        }

        return csv.ToString();
    }

    /// <summary>Reads the output of <see cref="ToCsv"/>, or rows of numbers from another program.</summary>
    /// <param name="csv">The text.</param>
    /// <exception cref="FaceVectorsException">The text has no vectors, too many, invalid ones, fewer than its comment announces, or vectors of different lengths or recipes.</exception>
    public static FaceVectors FromCsv(string csv)
    {
        ArgumentNullException.ThrowIfNull(csv);
        var (recipe, vectors, number, expected) = ((string?)null, new List<FaceEmbedding>(), 0, 0L);
        foreach (var line in csv.AsSpan().TrimStart(ByteOrderMark).EnumerateLines())
        {
            number++;
            if (line.IsWhiteSpace())
            {
                continue;
            }

            if (line[0] == '#')
            {
                var lineRecipe = FindField(line, RecipeMark);
                if (lineRecipe is not null && lineRecipe != recipe && vectors.Count + (recipe?.Length ?? 0) > 0)
                {
                    throw new FaceVectorsException($"Line {number}: the vectors from here on were made by {lineRecipe}, those before by {recipe ?? "an unknown model"}. Use vectors of one model only.");
                }

                recipe ??= lineRecipe;
                expected += int.TryParse(FindField(line, RowsMark), NumberStyles.None, CultureInfo.InvariantCulture, out var rows) ? rows : 0;
                continue;
            }

            if (vectors.Count == MaxRows)
            {
                throw new FaceVectorsException($"The CSV has more than {MaxRows} face vectors: remove some.");
            }

            var vector = ReadRow(line, number);
            if (vectors.Count > 0 && vectors[0].Values.Length != vector.Values.Length)
            {
                throw new FaceVectorsException($"Line {number} has {vector.Values.Length} numbers, earlier lines have {vectors[0].Values.Length}: use vectors of one model only.");
            }

            vectors.Add(vector);
        }

        if (vectors.Count > 0 && vectors.Count < expected)
        {
            throw new FaceVectorsException($"The CSV has {vectors.Count} of {expected} face vectors, so it is truncated: train again.");
        }

        return vectors.Count > 0 ? new FaceVectors(recipe, vectors) : throw new FaceVectorsException("The CSV has no face vectors: create them with findme train.");
    }

    /// <summary>Throws if an engine cannot compare these vectors with its own.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="trustLength">Whether to accept vectors without a recipe if they have the right length.</param>
    /// <exception cref="FaceVectorsException">Another recipe made the vectors; the message names both recipes.</exception>
    public void ThrowIfNotOf(FaceEngine engine, bool trustLength = false)
    {
        ArgumentNullException.ThrowIfNull(engine);
        if (Recipe is null && !trustLength)
        {
            throw new FaceVectorsException($"The face vectors do not name the model that made them, and {engine.Recipe} can compare only its own: train again.");
        }

        if (Recipe is not null && Recipe != engine.Recipe)
        {
            throw new FaceVectorsException($"The face vectors were made by {Recipe}, which {engine.Recipe} cannot compare: train again, or use that recipe.");
        }

        if (Vectors[0].Values.Length != engine.EmbeddingLength)
        {
            throw new FaceVectorsException(
                $"The face vectors have {Vectors[0].Values.Length} numbers each, but {engine.Recipe} makes {engine.EmbeddingLength}: another model made them, so train again.");
        }
    }

    private static string? FindField(ReadOnlySpan<char> comment, string mark)
    {
        var start = comment.IndexOf(mark, StringComparison.Ordinal);
        if (start < 0)
        {
            return null;
        }

        var value = comment[(start + mark.Length)..];
        var end = value.IndexOfAny(';', ' ');
        return (end < 0 ? value : value[..end]).ToString();
    }

    private static FaceEmbedding ReadRow(ReadOnlySpan<char> line, int number)
    {
        var values = new List<float>();
        foreach (var range in line.Split(','))
        {
            if (values.Count == FaceEmbedding.MaxLength
                || !float.TryParse(line[range], NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
                || !float.IsFinite(value))
            {
                throw new FaceVectorsException($"Line {number} is not a face vector: it must be at most {FaceEmbedding.MaxLength} numbers separated by commas.");
            }

            values.Add(value);
        }

        try
        {
            return FaceEmbedding.FromValues(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(values));
        }
        catch (ArgumentException)
        {
            throw new FaceVectorsException($"Line {number} is not a face vector: it has {values.Count} numbers; expected {FaceEmbedding.MinLength} to {FaceEmbedding.MaxLength}, not all zero.");
        }
    }
}

/// <summary>Face vectors cannot be read or compared. The message is one line that also says what to do.</summary>
/// <param name="message">What is wrong, and what to do.</param>
public sealed class FaceVectorsException(string message) : Exception(message);
