using System.Text.Json.Nodes;
using FindMe.Faces;

namespace FindMe.Evaluation;

/// <summary>Evaluates an event's album: finds each person, and compares with the photos that show them.</summary>
internal static class Events
{
    /// <summary>Evaluates an event.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="folder">
    /// Folder with <c>photos/</c>, <c>reference/PERSON/*</c> and <c>TRUTH_PERSON.csv</c> with columns <c>file,contains</c>. Unlisted photos are
    /// omitted.
    /// </param>
    /// <param name="cancellationToken">Cancels the evaluation.</param>
    public static (JsonObject Summary, JsonObject Details) Evaluate(FaceEngine engine, string folder, CancellationToken cancellationToken)
    {
        var people = ReadPeople(folder);
        var photos = Photos.Analyze(
            engine, people.SelectMany(person => person.Truth.Select(photo => photo.Path)), "photos", cancellationToken);
        var results = people.Select(person => Compare(engine, person, photos, cancellationToken)).ToList();
        var verdicts = results.SelectMany(result => result.Verdicts).ToList();

        var summary = Summarize(verdicts);
        summary["people"] = new JsonObject(results.Select(result =>
        {
            var person = Summarize(result.Verdicts);
            person["margin"] = Report.Round(result.Margin);
            return KeyValuePair.Create<string, JsonNode?>(result.Name, person);
        }));
        summary["photos"] = verdicts.Select(verdict => verdict.File).Distinct().Count();
        summary["unusableReferences"] = new JsonArray([.. results.SelectMany(result => result.Unusable).Select(reference => JsonValue.Create(reference))]);
        var details = new JsonObject
        {
            ["unreadable"] = new JsonArray([.. photos.Unreadable.Select(file => JsonValue.Create(Path.GetRelativePath(folder, file)))]),
            ["verdicts"] = new JsonArray([.. results.SelectMany(result => result.Verdicts.Select(verdict => new JsonObject
            {
                ["person"] = result.Name,
                ["file"] = verdict.File,
                ["contains"] = verdict.Contains,
                ["kind"] = verdict.Kind.ToString().ToLowerInvariant(),
                ["distance"] = verdict.Distance,
                ["confidence"] = verdict.Confidence,
            }))]),
        };
        return (summary, details);
    }

    private static List<Person> ReadPeople(string folder)
    {
        var references = Path.Combine(folder, "reference");
        if (!Directory.Exists(references))
        {
            throw new EvaluationException($"{references} is missing: give a folder with photos/, reference/PERSON/ and TRUTH_PERSON.csv.");
        }

        var people = Directory.GetDirectories(references).Order(StringComparer.Ordinal).Select(person =>
        {
            var name = Path.GetFileName(person);
            var truth = CsvTable.Read(Path.Combine(folder, $"TRUTH_{name}.csv"), "file", "contains");
            return new Person(
                name,
                [.. Directory.GetFiles(person).Order(StringComparer.Ordinal)],
                [.. truth.Rows.Select(row => (truth.Field(row, "file"), truth.PathIn(row, "file"), truth.Field(row, "contains") == "1"))]);
        }).ToList();
        return people.Count > 0 ? people : throw new EvaluationException($"{references} is empty: add a folder for each person.");
    }

    private static PersonResult Compare(FaceEngine engine, Person person, Photos photos, CancellationToken cancellationToken)
    {
        var (embeddings, unusable) = (new List<FaceEmbedding>(), new List<string>());
        foreach (var path in person.References)
        {
            try
            {
                var reading = engine.AnalyzeReference(File.ReadAllBytes(path), null, cancellationToken);
                if (reading.Embedding is { } embedding)
                {
                    embeddings.Add(embedding);
                    continue;
                }

                unusable.Add($"{person.Name}/{Path.GetFileName(path)}: {reading.Problem}");
            }
            catch (PhotoException exception)
            {
                unusable.Add($"{person.Name}/{Path.GetFileName(path)}: {exception.Problem}");
            }
        }

        // Verdicts as at the end of a search: with the album's margin.
        var verdicts = person.Truth.Select(photo => photos[photo.Path] is { } analyzed ? engine.Compare(analyzed, embeddings, engine.OtherPersonDistance) : null).ToList();
        var margin = engine.AlbumMarginOf(person.Truth.Zip(verdicts, (photo, verdict) => new AlbumPhoto(photos[photo.Path]?.Faces.Count ?? 0, verdict?.Distance)));
        return new PersonResult(person.Name, margin, unusable, [.. person.Truth.Zip(verdicts, (photo, verdict) => verdict?.Distance is { } distance
            ? new FoundPhoto(photo.File, photo.Contains, engine.KindAt(distance + margin), distance, engine.ConfidenceAt(distance + margin))
            : new FoundPhoto(photo.File, photo.Contains, MatchKind.No, null, null))]);
    }

    private static JsonObject Summarize(IReadOnlyList<FoundPhoto> verdicts)
    {
        var summary = ScoresOf(verdicts, verdict => verdict.Kind == MatchKind.Match);
        summary["matchOrMaybe"] = ScoresOf(verdicts, verdict => verdict.Kind != MatchKind.No);
        summary["maybe"] = new JsonObject
        {
            ["right"] = verdicts.Count(verdict => verdict.Kind == MatchKind.Maybe && verdict.Contains),
            ["wrong"] = verdicts.Count(verdict => verdict.Kind == MatchKind.Maybe && !verdict.Contains),
        };
        return summary;
    }

    private static JsonObject ScoresOf(IReadOnlyList<FoundPhoto> verdicts, Func<FoundPhoto, bool> isHit)
    {
        var found = verdicts.Count(verdict => isHit(verdict) && verdict.Contains);
        var wrong = verdicts.Count(verdict => isHit(verdict) && !verdict.Contains);
        var missed = verdicts.Count(verdict => !isHit(verdict) && verdict.Contains);
        return new JsonObject
        {
            ["precision"] = Share(found, found + wrong),
            ["recall"] = Share(found, found + missed),
            ["f1"] = Share(2 * found, (2 * found) + wrong + missed),
            ["found"] = found,
            ["wrong"] = wrong,
            ["missed"] = missed,
        };
    }

    // 1 when there is nothing to count.
    private static double Share(int part, int whole) => whole == 0 ? 1 : Report.Round((double)part / whole);

    private sealed record Person(string Name, IReadOnlyList<string> References, IReadOnlyList<(string File, string Path, bool Contains)> Truth);

    private sealed record PersonResult(string Name, float Margin, IReadOnlyList<string> Unusable, IReadOnlyList<FoundPhoto> Verdicts);

    private sealed record FoundPhoto(string File, bool Contains, MatchKind Kind, float? Distance, float? Confidence);
}
