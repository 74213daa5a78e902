using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using FindMe.Faces;
using FindMe.Recognition;

namespace FindMe.Evaluation;

/// <summary>Evaluates pairs of pictures with <c>findme train</c> on the first and <c>findme recognize</c> on the second.</summary>
internal static class FaceVectorPairs
{
    /// <summary>Evaluates a file of pairs.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="path">The pairs, in the format of <see cref="Pairs"/>. The other people in a MANIFEST.csv beside it are the background.</param>
    /// <param name="cancellationToken">Cancels the evaluation.</param>
    /// <returns>The summary of each decision rule, and all pairs.</returns>
    public static (JsonObject Summary, JsonObject Details) Evaluate(FaceEngine engine, string path, CancellationToken cancellationToken)
    {
        var table = CsvTable.Read(path, "file_a", "file_b", "same");
        var rows = table.Rows.Where(row => !Pairs.IsLabelError(table.Field(row, "note"))).ToList();
        var people = ReadPeople(Path.Combine(table.Folder, "MANIFEST.csv"));
        var photos = Photos.Analyze(
            engine, rows.SelectMany(row => new[] { table.PathIn(row, "file_a"), table.PathIn(row, "file_b") }).Concat(people.Keys), "pictures", cancellationToken);
        var trained = Train(engine, photos, rows.Select(row => table.PathIn(row, "file_a")), cancellationToken);
        var background = people.Keys
            .Select(file => (Person: people[file], Embedding: Photos.MainFaceOf(photos[file])?.Embedding))
            .Where(face => face.Embedding is not null)
            .ToList();
        var pairs = rows.AsParallel().AsOrdered().WithDegreeOfParallelism(Environment.ProcessorCount).Select(row =>
        {
            var (a, b) = (table.PathIn(row, "file_a"), table.PathIn(row, "file_b"));
            var (vectors, asked) = (trained[a], Photos.MainFaceOf(photos[b])?.Embedding);
            var pair = new Pair(a, b, table.Field(row, "set"), table.Field(row, "same") == "1", null, null, null);
            if (vectors is null || asked is null)
            {
                return pair;
            }

            var recognition = new FaceVectorRecognition(engine, vectors);
            var others = background.Where(face => face.Person != people.GetValueOrDefault(a) && face.Person != people.GetValueOrDefault(b)).Select(face => face.Embedding!);
            var nearest = recognition.DistanceTo(asked);
            return pair with
            {
                Own = vectors.Vectors[0].DistanceTo(asked),
                Nearest = nearest,
                AmongPerson = background.Count > 0 ? recognition.IsPlausible(nearest) && recognition.IsAmongPerson(asked, others) : null,
            };
        }).ToList();

        var summary = Summarize(engine, pairs);
        summary["background"] = background.Count;
        summary["vectorsPerPerson"] = Report.Round(trained.Values.Average(vectors => vectors?.Vectors.Count ?? 0));
        summary["sets"] = new JsonObject(pairs
            .GroupBy(pair => pair.Set)
            .Select(set => KeyValuePair.Create<string, JsonNode?>(set.Key, Summarize(engine, [.. set]))));
        var details = new JsonObject
        {
            ["pairs"] = new JsonArray([.. pairs.Select(pair => new JsonObject
            {
                ["a"] = Path.GetRelativePath(table.Folder, pair.A),
                ["b"] = Path.GetRelativePath(table.Folder, pair.B),
                ["set"] = pair.Set,
                ["same"] = pair.Same,
                ["own"] = pair.Own,
                ["nearest"] = pair.Nearest,
                ["amongPerson"] = pair.AmongPerson,
            })]),
        };
        return (summary, details);
    }

    private static JsonObject Summarize(FaceEngine engine, IReadOnlyList<Pair> pairs)
    {
        var (neighbours, same, different) = (pairs.Where(pair => pair.AmongPerson is not null).ToList(), pairs.Count(pair => pair.Same), pairs.Count(pair => !pair.Same));
        var (found, taken) = (neighbours.Count(pair => pair.Same && pair.AmongPerson!.Value), neighbours.Count(pair => !pair.Same && pair.AmongPerson!.Value));
        return new JsonObject
        {
            ["pairs"] = pairs.Count,
            ["withoutFace"] = pairs.Count(pair => pair.Own is null),
            ["ownVector"] = Threshold(engine, pairs, pair => pair.Own),
            ["nearestVector"] = Threshold(engine, pairs, pair => pair.Nearest),
            ["neighbours"] = neighbours.Count == 0 ? null : new JsonObject
            {
                ["accuracy"] = Report.Round((double)(found + different - taken) / pairs.Count),
                ["found"] = Report.Round((double)found / Math.Max(1, same)),
                ["taken"] = Report.Round((double)taken / Math.Max(1, different)),
            },
        };
    }

    private static JsonObject Threshold(FaceEngine engine, IReadOnlyList<Pair> pairs, Func<Pair, float?> distance)
    {
        var scores = new PairScores(pairs.Select(pair => (distance(pair), pair.Same)));
        var (bestThreshold, bestAccuracy) = scores.FindBest();
        return new JsonObject
        {
            ["accuracy"] = Report.Round(scores.AccuracyAt(engine.MatchDistance)),
            ["found"] = Report.Round(scores.TrueAcceptRate(engine.MatchDistance)),
            ["taken"] = Report.Round(scores.FalseAcceptRate(engine.MatchDistance)),
            ["bestAccuracy"] = Report.Round(bestAccuracy),
            ["bestThreshold"] = Report.Round(bestThreshold),
            ["tarAtFar1e-3"] = Report.Round(scores.TrueAcceptRateAt(1e-3)),
        };
    }

    // Uses the main face only; a face rejected for its quality counts as undetected.
    private static ConcurrentDictionary<string, FaceVectors?> Train(FaceEngine engine, Photos photos, IEnumerable<string> paths, CancellationToken cancellationToken)
    {
        var files = paths.Distinct(StringComparer.Ordinal).ToList();
        var trained = new ConcurrentDictionary<string, FaceVectors?>(StringComparer.Ordinal);
        using var progress = new Progress("trained", files.Count);
        Parallel.ForEach(files, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken }, file =>
        {
            var photo = File.ReadAllBytes(file);
            var reading = FaceVectorTraining.Train(engine, photo, cancellationToken: cancellationToken);
            for (var face = 0; reading.Vectors is null && face < reading.Analysis.Faces.Count; face++)
            {
                if (Photos.MainFaceOf(photos[file])?.Box == reading.Analysis.Faces[face])
                {
                    reading = FaceVectorTraining.Train(engine, photo, face, cancellationToken: cancellationToken);
                    break;
                }
            }

            trained[file] = reading.Vectors;
            progress.Step();
        });
        return trained;
    }

    private static Dictionary<string, string> ReadPeople(string manifest)
    {
        if (!File.Exists(manifest))
        {
            return [];
        }

        // A label with a space ("no human face") is not a person.
        var table = CsvTable.Read(manifest, "file", "label");
        return table.Rows
            .Where(row => table.Field(row, "label") is { Length: > 0 } label && !label.Contains(' '))
            .DistinctBy(row => table.PathIn(row, "file"))
            .ToDictionary(row => table.PathIn(row, "file"), row => table.Field(row, "label"), StringComparer.Ordinal);
    }

    private sealed record Pair(string A, string B, string Set, bool Same, float? Own, float? Nearest, bool? AmongPerson);
}
