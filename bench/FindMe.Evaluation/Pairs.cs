using System.Text.Json.Nodes;
using FindMe.Faces;

namespace FindMe.Evaluation;

/// <summary>Evaluates pairs of pictures: same person or different people. The first picture is the reference, the second one the photo.</summary>
internal static class Pairs
{
    /// <summary>Evaluates a file of pairs.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="path">Columns <c>file_a,file_b,same,set,note</c>. Pairs whose note mentions a label error are omitted.</param>
    /// <param name="cancellationToken">Cancels the evaluation.</param>
    /// <returns>The summary, and all pairs with their distances.</returns>
    public static (JsonObject Summary, JsonObject Details) Evaluate(FaceEngine engine, string path, CancellationToken cancellationToken)
    {
        var photos = Photos.Analyze(engine, PathsIn(path), "pictures", cancellationToken);
        photos.EmbedReferences(engine, ReferencesIn(path), cancellationToken);
        return Evaluate(engine, path, photos);
    }

    /// <summary>Returns the pictures of a file of pairs, without label errors.</summary>
    public static IEnumerable<string> PathsIn(string path)
    {
        var (table, rows) = Read(path);
        return rows.SelectMany(row => new[] { table.PathIn(row, "file_a"), table.PathIn(row, "file_b") });
    }

    /// <summary>Returns the references among them.</summary>
    public static IEnumerable<string> ReferencesIn(string path)
    {
        var (table, rows) = Read(path);
        return rows.Select(row => table.PathIn(row, "file_a"));
    }

    /// <summary>Evaluates pairs like <see cref="Evaluate(FaceEngine, string, CancellationToken)"/>, with already analysed pictures.</summary>
    public static (JsonObject Summary, JsonObject Details) Evaluate(FaceEngine engine, string path, Photos photos)
    {
        var (table, rows) = Read(path);
        var pairs = rows.ConvertAll(row =>
        {
            var (a, b) = (table.PathIn(row, "file_a"), table.PathIn(row, "file_b"));
            return new Pair(a, b, table.Field(row, "set"), table.Field(row, "same") == "1", DistanceOf(photos, a, b));
        });

        var summary = Summarize(engine, photos, pairs);
        summary["sets"] = new JsonObject(pairs
            .GroupBy(pair => pair.Set)
            .Select(set => KeyValuePair.Create<string, JsonNode?>(set.Key, Summarize(engine, photos, [.. set]))));
        var details = new JsonObject
        {
            ["labelErrors"] = table.Rows.Count - rows.Count,
            ["unreadable"] = new JsonArray([.. photos.Unreadable.Select(file => JsonValue.Create(Path.GetRelativePath(table.Folder, file)))]),
            ["pairs"] = new JsonArray([.. pairs.Select(pair => new JsonObject
            {
                ["a"] = Path.GetRelativePath(table.Folder, pair.A),
                ["b"] = Path.GetRelativePath(table.Folder, pair.B),
                ["set"] = pair.Set,
                ["same"] = pair.Same,
                ["distance"] = pair.Distance,
            })]),
        };
        return (summary, details);
    }

    private static (CsvTable Table, List<string[]> Rows) Read(string path)
    {
        var table = CsvTable.Read(path, "file_a", "file_b", "same");
        return (table, table.Rows.Where(row => !IsLabelError(table.Field(row, "note"))).ToList());
    }

    private static JsonObject Summarize(FaceEngine engine, Photos photos, IReadOnlyList<Pair> pairs)
    {
        var scores = new PairScores(pairs.Select(pair => (pair.Distance, pair.Same)));
        var (bestThreshold, bestAccuracy) = scores.FindBest();
        return new JsonObject
        {
            ["pairs"] = pairs.Count,
            ["missedFaces"] = pairs.SelectMany(pair => new[] { pair.A, pair.B }).Distinct().Count(file => Photos.MainFaceOf(photos[file]) is null),
            ["accuracy"] = Report.Round(scores.AccuracyAt(engine.MatchDistance)),
            ["threshold"] = Report.Round(engine.MatchDistance),
            ["bestAccuracy"] = Report.Round(bestAccuracy),
            ["bestThreshold"] = Report.Round(bestThreshold),
            ["tarAtFar1e-2"] = Report.Round(scores.TrueAcceptRateAt(1e-2)),
            ["tarAtFar1e-3"] = Report.Round(scores.TrueAcceptRateAt(1e-3)),
            ["eer"] = Report.Round(scores.FindEqualErrorRate()),
        };
    }

    private static float? DistanceOf(Photos photos, string a, string b) =>
        photos.ReferenceOf(a) is { } reference && Photos.MainFaceOf(photos[b]) is { } face ? face.Embedding.DistanceTo(reference) : null;

    // "LFW erratum: official label 1 is wrong", "label error".
    /// <summary>Whether a pair's note says that its label is wrong.</summary>
    public static bool IsLabelError(string note) =>
        note.Contains("erratum", StringComparison.OrdinalIgnoreCase)
        || (note.Contains("label", StringComparison.OrdinalIgnoreCase)
            && (note.Contains("wrong", StringComparison.OrdinalIgnoreCase) || note.Contains("error", StringComparison.OrdinalIgnoreCase)));

    private sealed record Pair(string A, string B, string Set, bool Same, float? Distance);
}
