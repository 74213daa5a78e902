namespace LocalDapr.Faults;

/// <summary>Named kinds of faults, frequent enough to occur within a few dozen events or calls.</summary>
public static class FaultPresets
{
    private const string Everything = "all";

    private static readonly Dictionary<string, Func<FaultPlan, FaultPlan>> Presets = new(StringComparer.Ordinal)
    {
        ["duplicates"] = options => options with { DuplicateEvery = 3 },
        ["reorder"] = options => options with { ReorderEvery = 3 },
        ["delay"] = options => options with { DelayEvery = 5 },
        ["lost-acks"] = options => options with { LoseAcknowledgementEvery = 3 },
        ["conflicts"] = options => options with { ConflictEvery = 10, RepeatWriteEvery = 7 },
        ["state-errors"] = options => options with { StateReadErrorEvery = 11, StateWriteErrorEvery = 7, LostStateReplyEvery = 9 },
        ["publish-errors"] = options => options with { PublishErrorEvery = 5, LostPublishReplyEvery = 7 },
        ["slow-state"] = options => options with { SlowStateEvery = 4 },
    };

    /// <summary>The names of the presets, without <c>all</c>.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Presets.Keys];

    internal static FaultPlan All(int seed) => new()
    {
        Seed = seed,
        DuplicateEvery = 5,
        ReorderEvery = 5,
        DelayEvery = 11,
        LoseAcknowledgementEvery = 7,
        ConflictEvery = 23,
        RepeatWriteEvery = 29,
        StateReadErrorEvery = 41,
        StateWriteErrorEvery = 31,
        LostStateReplyEvery = 37,
        // An app publishes a batch of 32 photos at once: with rarer faults, a search of 200 photos may meet none.
        PublishErrorEvery = 7,
        LostPublishReplyEvery = 8,
        SlowStateEvery = 13,
    };

    internal static FaultPlan Parse(string text)
    {
        var (names, seed) = text.Split(':', 2) is [var before, var after]
            ? (before, int.TryParse(after, out var number) ? number : throw Unknown(text))
            : (text, 0);
        if (names == Everything)
        {
            return All(seed);
        }

        var options = new FaultPlan { Seed = seed };
        foreach (var name in names.Split(',', StringSplitOptions.TrimEntries))
        {
            options = Presets.TryGetValue(name, out var preset) ? preset(options) : throw Unknown(text);
        }

        return options;
    }

    private static FormatException Unknown(string text) =>
        new($"Unknown fault '{text}': give {string.Join(", ", Names)} or {Everything}, several with commas, and optionally :seed, a whole number.");
}
