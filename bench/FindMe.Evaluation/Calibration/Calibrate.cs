using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using FindMe.Faces;

namespace FindMe.Evaluation;

/// <summary>Derives the thresholds and the confidence by comparing all pictures of known people with each other.</summary>
internal static class Calibrate
{
    // Number of people for the face size test, which analyses seven photos each.
    private const int PeopleOfSmallFaces = 60;

    /// <summary>Sweeps thresholds, fits the confidence on one half of the people and tests it on the other, and draws charts.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="path">The manifest, in the format of <see cref="Identities.Read"/>.</param>
    /// <param name="charts">Folder for the charts; null for none.</param>
    /// <param name="cancellationToken">Cancels the evaluation.</param>
    public static (JsonObject Summary, JsonObject Details) Evaluate(
        FaceEngine engine, string path, DirectoryInfo? charts, CancellationToken cancellationToken)
    {
        var identities = Identities.Read(engine, path, cancellationToken);
        var (same, different) = Identities.DistancesBetween(identities.Portraits);
        var (fitted, other) = (Half(identities.Portraits, first: true), Half(identities.Portraits, first: false));
        var confidence = AlbumConfidence.Fit(fitted.Same, fitted.Different);
        var sizes = FaceSizes.Evaluate(engine, identities.Portraits, PeopleOfSmallFaces, cancellationToken);
        var sweep = Sweep(engine, same, different);
        var summary = new JsonObject
        {
            ["pictures"] = identities.Portraits.Count,
            ["withoutFace"] = identities.WithoutFace,
            ["people"] = identities.Portraits.Select(portrait => portrait.Person).Distinct().Count(),
            ["pairsOfOne"] = same.Length,
            ["pairsOfTwo"] = different.Length,
            ["matchDistance"] = Report.Round(engine.MatchDistance),
            ["maybeDistance"] = Report.Round(engine.MaybeDistance),
            ["steepness"] = Report.Round(confidence.Steepness),
            ["evenDistance"] = Report.Round(confidence.Midpoint),
            ["calibrationError"] = confidence.MeasureError(other.Same, other.Different, engine.MaybeDistance),
            ["references"] = ReferenceRules.Evaluate(identities.Portraits, engine.MatchDistance),
            ["sizes"] = sizes,
            ["groups"] = Groups(engine, identities.Portraits),
        };
        if (identities.PairsPath is { } pairs)
        {
            summary["pairs"] = Pairs.Evaluate(engine, pairs, identities.Photos).Summary;
        }

        if (charts is not null)
        {
            charts.Create();
            Draw(engine, charts.FullName, same, different, sizes);
        }

        return (summary, new JsonObject { ["sweep"] = sweep });
    }

    // Split by name, so that a person stays in the same half when the manifest changes.
    private static (float[] Same, float[] Different) Half(IReadOnlyList<Portrait> portraits, bool first) =>
        Identities.DistancesBetween([.. portraits.Where(portrait => (SHA256.HashData(Encoding.UTF8.GetBytes(portrait.Person))[0] % 2 == 0) == first)]);

    private static JsonArray Sweep(FaceEngine engine, float[] same, float[] different)
    {
        var scores = new PairScores(same.Select(distance => ((float?)distance, true)).Concat(different.Select(distance => ((float?)distance, false))));
        const int steps = 40;
        return new JsonArray([.. Enumerable.Range(0, steps + 1).Select(step => engine.MatchDistance * (0.8f + (0.01f * step))).Select(threshold => new JsonObject
        {
            ["threshold"] = Report.Round(threshold),
            ["found"] = Report.Round(scores.TrueAcceptRate(threshold)),
            ["wrong"] = Math.Round(scores.FalseAcceptRate(threshold), 7),
        })]);
    }

    private static JsonObject Groups(FaceEngine engine, IReadOnlyList<Portrait> portraits) => new(portraits
        .GroupBy(portrait => portrait.Group)
        .Select(group => (group.Key, Distances: Identities.DistancesBetween([.. group])))
        .Where(group => group.Distances.Same.Length > 0 && group.Distances.Different.Length > 0)
        .Select(group =>
        {
            var scores = new PairScores(group.Distances.Same.Select(distance => ((float?)distance, true))
                .Concat(group.Distances.Different.Select(distance => ((float?)distance, false))));
            return KeyValuePair.Create<string, JsonNode?>(group.Key, new JsonObject
            {
                ["pairsOfOne"] = group.Distances.Same.Length,
                ["pairsOfTwo"] = group.Distances.Different.Length,
                ["found"] = Report.Round(scores.TrueAcceptRate(engine.MatchDistance)),
                ["wrong"] = Math.Round(scores.FalseAcceptRate(engine.MatchDistance), 6),
                ["tarAtFar1e-3"] = Report.Round(scores.TrueAcceptRateAt(1e-3)),
                ["eer"] = Report.Round(scores.FindEqualErrorRate()),
            });
        }));

    private static void Draw(FaceEngine engine, string folder, float[] same, float[] different, JsonObject sizes)
    {
        var (from, to) = (engine.MatchDistance * 0.3, engine.MatchDistance * 1.5);
        const int steps = 120;
        var distances = Enumerable.Range(0, steps + 1).Select(step => from + ((to - from) * step / steps)).ToArray();
        var scores = new PairScores(same.Select(distance => ((float?)distance, true)).Concat(different.Select(distance => ((float?)distance, false))));

        var histogram = new Chart("Distances of faces", new Axis("distance", from, to), new Axis("share of the pairs, a step", 0, 0.06));
        histogram.Line("one person", Shares(same));
        histogram.Line("two people", Shares(different));
        histogram.Mark("match", engine.MatchDistance);
        histogram.Mark("", engine.MaybeDistance);
        histogram.Save(Path.Combine(folder, "distances.svg"));

        var roc = new Chart(
            "One person found against strangers taken for them",
            new Axis("share of strangers within the distance", 1e-6, 1, PowersOfTen: true),
            new Axis("share of the person's pictures within it", 0.8, 1));
        roc.Line("every picture against every other", distances.Select(distance => (scores.FalseAcceptRate((float)distance), scores.TrueAcceptRate((float)distance))));
        roc.Mark("match", Math.Max(1e-6, scores.FalseAcceptRate(engine.MatchDistance)));
        roc.Save(Path.Combine(folder, "roc.svg"));

        var bySize = new Chart("Small faces", new Axis("height of the face in pixels", 12, 96), new Axis("share of the faces", 0, 1));
        foreach (var (name, field) in ((string, string)[])[("detected", "detected"), ("match", "matched"), ("match or maybe", "matchedOrMaybe")])
        {
            bySize.Line(name, sizes.Select(size => (double.Parse(size.Key, CultureInfo.InvariantCulture), (double)size.Value![field]!)));
        }

        bySize.Save(Path.Combine(folder, "sizes.svg"));

        IEnumerable<(double, double)> Shares(float[] values) => distances[1..].Select((distance, index) =>
            ((distance + distances[index]) / 2, (double)values.Count(value => value > distances[index] && value <= distance) / values.Length));
    }
}
