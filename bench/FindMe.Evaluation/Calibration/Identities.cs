using FindMe.Faces;

namespace FindMe.Evaluation;

/// <summary>A picture of a known person.</summary>
/// <param name="Path">The file.</param>
/// <param name="Person">The person's name.</param>
/// <param name="Group">The person's group: the column <c>group</c>, or the file's folder.</param>
/// <param name="Width">Width in pixels.</param>
/// <param name="Height">Height in pixels.</param>
/// <param name="Face">The main face.</param>
/// <param name="Reference">The face's embedding as a reference.</param>
internal sealed record Portrait(string Path, string Person, string Group, int Width, int Height, DetectedFace Face, FaceEmbedding Reference);

/// <summary>The pictures of known people in a manifest, and the distances between them.</summary>
internal sealed class Identities
{
    private Identities(IReadOnlyList<Portrait> portraits, int withoutFace, Photos photos, string? pairs) =>
        (Portraits, WithoutFace, Photos, PairsPath) = (portraits, withoutFace, photos, pairs);

    /// <summary>The pictures with a detected face.</summary>
    public IReadOnlyList<Portrait> Portraits { get; }

    /// <summary>Number of people's pictures without a detected face.</summary>
    public int WithoutFace { get; }

    /// <summary>The PAIRS.csv beside the manifest; null if there is none.</summary>
    public string? PairsPath { get; }

    /// <summary>The analysed pictures of the manifest and of the pairs.</summary>
    public Photos Photos { get; }

    /// <summary>Reads the pictures of a manifest, and of the PAIRS.csv beside it if there is one.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="path">
    /// Columns <c>file,label</c>, and <c>group</c> for separate results by group. A label with a space ("no human face") is not a person.
    /// Pictures of pairs that a PAIRS.csv beside it marks as label errors are omitted.
    /// </param>
    /// <param name="cancellationToken">Cancels the evaluation.</param>
    public static Identities Read(FaceEngine engine, string path, CancellationToken cancellationToken)
    {
        var table = CsvTable.Read(path, "file", "label");
        var pairs = Path.Combine(table.Folder, "PAIRS.csv");
        var errors = ReadLabelErrors(pairs);
        var rows = table.Rows
            .Where(row => table.Field(row, "label") is { Length: > 0 } label && !label.Contains(' ') && !errors.Contains(table.PathIn(row, "file")))
            .ToList();
        var photos = Photos.Analyze(
            engine, rows.Select(row => table.PathIn(row, "file")).Concat(File.Exists(pairs) ? Pairs.PathsIn(pairs) : []), "pictures", cancellationToken);
        photos.EmbedReferences(
            engine, rows.Select(row => table.PathIn(row, "file")).Concat(File.Exists(pairs) ? Pairs.ReferencesIn(pairs) : []), cancellationToken);
        var portraits = new List<Portrait>();
        foreach (var row in rows)
        {
            var photo = photos[table.PathIn(row, "file")];
            if (Photos.MainFaceOf(photo) is { } face)
            {
                var group = table.Field(row, "group") is { Length: > 0 } named ? named : table.Field(row, "file").Split('/')[0];
                portraits.Add(new Portrait(table.PathIn(row, "file"), table.Field(row, "label"), group, photo!.Width, photo.Height, face, photos.ReferenceOf(table.PathIn(row, "file"))!));
            }
        }

        return portraits.Select(portrait => portrait.Person).Distinct().Count() > 1
            ? new Identities(portraits, rows.Count - portraits.Count, photos, File.Exists(pairs) ? pairs : null)
            : throw new EvaluationException($"{path} must list at least two people.");
    }

    /// <summary>Returns the distances of each picture as a reference to each other one, of the same person and of different people.</summary>
    public static (float[] Same, float[] Different) DistancesBetween(IReadOnlyList<Portrait> portraits)
    {
        var rows = new (List<float> Same, List<float> Different)[portraits.Count];
        Parallel.For(0, portraits.Count, i =>
        {
            rows[i] = ([], []);
            for (var j = 0; j < portraits.Count; j++)
            {
                if (j == i)
                {
                    continue;
                }

                var distance = portraits[i].Reference.DistanceTo(portraits[j].Face.Embedding);
                (portraits[i].Person == portraits[j].Person ? rows[i].Same : rows[i].Different).Add(distance);
            }
        });
        return ([.. rows.SelectMany(row => row.Same).Order()], [.. rows.SelectMany(row => row.Different).Order()]);
    }

    private static HashSet<string> ReadLabelErrors(string path)
    {
        if (!File.Exists(path))
        {
            return [];
        }

        var table = CsvTable.Read(path, "file_a", "file_b", "note");
        return [.. table.Rows
            .Where(row => Pairs.IsLabelError(table.Field(row, "note")))
            .SelectMany(row => new[] { table.PathIn(row, "file_a"), table.PathIn(row, "file_b") })];
    }
}
