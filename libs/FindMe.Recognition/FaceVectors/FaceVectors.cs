using System.Globalization;
using System.Text;
using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>One person's face as vectors, and what made them: only what the same recipe made is compared.</summary>
/// <param name="Recipe">The recipe's identity (<see cref="FaceEngine.Recipe"/>); null where a file without a comment line does not say.</param>
/// <param name="Vectors">The face's embeddings, all of one length: the photo's own first, those of its augmentations after it. At least one.</param>
public sealed record FaceVectors(string? Recipe, IReadOnlyList<FaceEmbedding> Vectors)
{
    /// <summary>Most rows that are read: a background of a hundred thousand faces is 200 MB of numbers already.</summary>
    public const int MaxRows = 100_000;

    // What spreadsheets put before UTF-8.
    private const char ByteOrderMark = '\ufeff';

    private const string RecipeMark = "recipe=";
    private const string RowsMark = "rows=";

    /// <summary>Writes CSV: one vector a row, its numbers in full precision with commas between them.</summary>
    /// <param name="comment">Whether the first line names the recipe, as a comment. Without it the vectors cannot be told from another model's.</param>
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

    /// <summary>Reads what <see cref="ToCsv"/> wrote, or rows of numbers of another's making.</summary>
    /// <param name="csv">The text.</param>
    /// <exception cref="FaceVectorsException">It holds no vectors, fewer than it says, broken ones, ones of several lengths or recipes, or too many.</exception>
    public static FaceVectors FromCsv(string csv)
    {
        ArgumentNullException.ThrowIfNull(csv);
        var (recipe, vectors, number, promised) = ((string?)null, new List<FaceEmbedding>(), 0, 0L);
        foreach (var line in csv.AsSpan().TrimStart(ByteOrderMark).EnumerateLines())
        {
            number++;
            if (line.IsWhiteSpace())
            {
                continue;
            }

            if (line[0] == '#')
            {
                var said = FindField(line, RecipeMark);
                if (said is not null && said != recipe && vectors.Count + (recipe?.Length ?? 0) > 0)
                {
                    throw new FaceVectorsException($"Line {number}: the vectors from here on were made by {said}, those before by {recipe ?? "nobody knows what"}: they cannot be compared with one another.");
                }

                recipe ??= said;
                promised += int.TryParse(FindField(line, RowsMark), NumberStyles.None, CultureInfo.InvariantCulture, out var rows) ? rows : 0;
                continue;
            }

            if (vectors.Count == MaxRows)
            {
                throw new FaceVectorsException($"There are more than {MaxRows} face vectors.");
            }

            var vector = ReadRow(line, number);
            if (vectors.Count > 0 && vectors[0].Values.Length != vector.Values.Length)
            {
                throw new FaceVectorsException($"Line {number} has {vector.Values.Length} numbers, others have {vectors[0].Values.Length}: they are of different models.");
            }

            vectors.Add(vector);
        }

        if (vectors.Count > 0 && vectors.Count < promised)
        {
            throw new FaceVectorsException($"There are {vectors.Count} of {promised} face vectors: the file was cut off, so train again.");
        }

        return vectors.Count > 0 ? new FaceVectors(recipe, vectors) : throw new FaceVectorsException("There are no face vectors: make some with findme train.");
    }

    /// <summary>Refuses vectors that an engine cannot compare.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="trustLength">Whether vectors that do not say what made them are taken if they have the right length.</param>
    /// <exception cref="FaceVectorsException">Another recipe made them; the message names both.</exception>
    public void ThrowIfNotOf(FaceEngine engine, bool trustLength = false)
    {
        ArgumentNullException.ThrowIfNull(engine);
        if (Recipe is null && !trustLength)
        {
            throw new FaceVectorsException($"The face vectors do not say what model made them, and {engine.Recipe} compares only its own: train again.");
        }

        if (Recipe is not null && Recipe != engine.Recipe)
        {
            throw new FaceVectorsException($"The face vectors were made by {Recipe}, which {engine.Recipe} cannot compare: train again, or use that recipe.");
        }

        if (Vectors[0].Values.Length != engine.EmbeddingLength)
        {
            throw new FaceVectorsException(
                $"The face vectors have {Vectors[0].Values.Length} numbers each, those of {engine.Recipe} have {engine.EmbeddingLength}: another model made them, so train again.");
        }
    }

    private static string? FindField(ReadOnlySpan<char> comment, string mark)
    {
        var start = comment.IndexOf(mark, StringComparison.Ordinal);
        if (start < 0)
        {
            return null;
        }

        var recipe = comment[(start + mark.Length)..];
        var end = recipe.IndexOfAny(';', ' ');
        return (end < 0 ? recipe : recipe[..end]).ToString();
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
                throw new FaceVectorsException($"Line {number} is no face vector: a row of numbers with commas between them.");
            }

            values.Add(value);
        }

        try
        {
            return FaceEmbedding.FromValues(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(values));
        }
        catch (ArgumentException)
        {
            throw new FaceVectorsException($"Line {number} is no face vector: {values.Count} numbers.");
        }
    }
}

/// <summary>Face vectors cannot be read or compared; the message is one line with a way out.</summary>
/// <param name="message">The line.</param>
public sealed class FaceVectorsException(string message) : Exception(message);
