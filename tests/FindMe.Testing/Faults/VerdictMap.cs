using System.Text.Json.Nodes;

namespace FindMe.Testing;

/// <summary>The verdicts of a search: photo → verdict, box and distance. Omitted photos have the verdict "no".</summary>
internal sealed class VerdictMap
{
    private const double BoxTolerance = 1;
    private const double DistanceTolerance = 1e-4;

    private static readonly string[] Sides = ["x", "y", "width", "height"];

    private readonly Dictionary<string, (string Verdict, double[] Box, double Distance)> _verdicts = new(StringComparer.Ordinal);
    private readonly string _counts;

    private VerdictMap(string counts) => _counts = counts;

    /// <summary>Number of photos with a verdict other than "no".</summary>
    public int Count => _verdicts.Count;

    /// <summary>Reads them from a search's status.</summary>
    /// <exception cref="InvalidDataException">A photo has two verdicts, or the search has not finished.</exception>
    public static VerdictMap Of(JsonNode view)
    {
        if (view["status"]!.GetValue<string>() != "finished")
        {
            throw new InvalidDataException($"The search is {view["status"]}: {view["problem"]?.ToJsonString()}");
        }

        var map = new VerdictMap(view["photos"]!.ToJsonString());
        foreach (var match in view["matches"]!.AsArray())
        {
            var box = match!["box"]!;
            map.Add(
                match["photo"]!["id"]!.GetValue<string>(),
                match["verdict"]!.GetValue<string>(),
                [.. Sides.Select(side => box[side]!.GetValue<double>())],
                match["distance"]!.GetValue<double>());
        }

        foreach (var skipped in view["skipped"]!.AsArray())
        {
            map.Add(skipped!["photo"]!["id"]!.GetValue<string>(), $"skipped: {skipped["reason"]}", [0, 0, 0, 0], 0);
        }

        return map;
    }

    /// <summary>Returns the differences from another run of the same search, one per line; empty for none.</summary>
    public IReadOnlyList<string> Differences(VerdictMap other)
    {
        var differences = new List<string>();
        if (_counts != other._counts)
        {
            differences.Add($"counts {_counts} and {other._counts}");
        }

        foreach (var photo in _verdicts.Keys.Union(other._verdicts.Keys).Order(StringComparer.Ordinal))
        {
            if (!_verdicts.TryGetValue(photo, out var mine) || !other._verdicts.TryGetValue(photo, out var theirs))
            {
                differences.Add($"{photo}: only one run has a verdict other than no");
            }
            else if (mine.Verdict != theirs.Verdict
                || mine.Box.Zip(theirs.Box).Any(pair => Math.Abs(pair.First - pair.Second) > BoxTolerance)
                || Math.Abs(mine.Distance - theirs.Distance) > DistanceTolerance)
            {
                differences.Add($"{photo}: {mine.Verdict} at {mine.Distance} and {theirs.Verdict} at {theirs.Distance}");
            }
        }

        return differences;
    }

    private void Add(string photo, string verdict, double[] box, double distance)
    {
        if (!_verdicts.TryAdd(photo, (verdict, box, distance)))
        {
            throw new InvalidDataException($"{photo} has two verdicts.");
        }
    }
}
