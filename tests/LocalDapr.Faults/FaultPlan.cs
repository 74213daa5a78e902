using System.ComponentModel.DataAnnotations;

namespace LocalDapr.Faults;

/// <summary>The faults to inject into a sidecar. All are off by default.</summary>
/// <remarks>
/// "Every n-th" counts the events or requests of one app id since the start. The position of the first fault in a round of n depends only on
/// <see cref="Seed"/> and the kind of fault, so that the same order of calls gets the same faults.
/// </remarks>
public sealed record FaultPlan : IValidatableObject
{
    private const int Rarest = 1_000_000;

    /// <summary>Chooses which one of n gets the fault. Any number; default 0.</summary>
    public int Seed { get; init; }

    /// <summary>Every n-th event of an app is delivered twice, to the same replica and at the same time. 1 to 1,000,000; default 0: none.</summary>
    [Range(0, Rarest)]
    public int DuplicateEvery { get; init; }

    /// <summary>Every n-th event of an app is held until up to <see cref="ReorderWindow"/> later ones of its topic are delivered. 1 to 1,000,000; default 0: none.</summary>
    [Range(0, Rarest)]
    public int ReorderEvery { get; init; }

    /// <summary>Maximum number of events that overtake a held one, 1 to 100; drawn at random for each. Default 8.</summary>
    [Range(1, 100)]
    public int ReorderWindow { get; init; } = 8;

    /// <summary>Maximum time to hold an event, 1 ms to 1 minute. Default 1 s. Without it, the last event of a topic would never be delivered.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:01:00")]
    public TimeSpan ReorderHold { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Every n-th event of an app is delivered only after <see cref="Delay"/>. 1 to 1,000,000; default 0: none.</summary>
    [Range(0, Rarest)]
    public int DelayEvery { get; init; }

    /// <summary>Delay of a delayed event, 1 ms to 1 minute. Default 500 ms.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:01:00")]
    public TimeSpan Delay { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The first acknowledgement of every n-th event is lost, so that the event is redelivered and the delivery is counted. 1 (all) to 1,000,000; default 0: none.</summary>
    [Range(0, Rarest)]
    public int LoseAcknowledgementEvery { get; init; }

    /// <summary>Every n-th conditional write (ETag or first-write) starts a run of conflicts. 2 to 1,000,000; default 0: none.</summary>
    /// <remarks>When a write creates a key, the conflict says that the key exists although it does not, as if it had been created and deleted meanwhile.</remarks>
    [Range(0, Rarest)]
    public int ConflictEvery { get; init; }

    /// <summary>Length of a run of conflicts per app, 1 to 100 and less than <see cref="ConflictEvery"/>. Default 3.</summary>
    [Range(1, 100)]
    public int ConflictRun { get; init; } = 3;

    /// <summary>
    /// Every n-th conditional write is done, but gets a conflict response, as when the store's response is lost and daprd's retry policy repeats the
    /// write with the outdated ETag. 1 to 1,000,000; default 0: none.
    /// </summary>
    [Range(0, Rarest)]
    public int RepeatWriteEvery { get; init; }

    /// <summary>Every n-th state read (get or bulk get) gets 500. 1 to 1,000,000; default 0: none.</summary>
    [Range(0, Rarest)]
    public int StateReadErrorEvery { get; init; }

    /// <summary>Every n-th state write gets 500 and is not done. 1 to 1,000,000; default 0: none.</summary>
    [Range(0, Rarest)]
    public int StateWriteErrorEvery { get; init; }

    /// <summary>Every n-th state write is done, but gets 500, as when the response is lost. 1 to 1,000,000; default 0: none.</summary>
    [Range(0, Rarest)]
    public int LostStateReplyEvery { get; init; }

    /// <summary>Every n-th publish gets 500 and is not done. 1 to 1,000,000; default 0: none.</summary>
    [Range(0, Rarest)]
    public int PublishErrorEvery { get; init; }

    /// <summary>Every n-th publish is done, but gets 500, as when the response is lost. 1 to 1,000,000; default 0: none.</summary>
    [Range(0, Rarest)]
    public int LostPublishReplyEvery { get; init; }

    /// <summary>Every n-th call of the state API takes <see cref="SlowState"/> longer. 1 to 1,000,000; default 0: none.</summary>
    [Range(0, Rarest)]
    public int SlowStateEvery { get; init; }

    /// <summary>Additional time of a slow state call, 1 ms to 1 minute. Default 200 ms.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:01:00")]
    public TimeSpan SlowState { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Every n-th event of an app is discarded before its delivery. 1 to 1,000,000; default 0: none. Not in any preset, since brokers guarantee that it does not happen.</summary>
    [Range(0, Rarest)]
    public int LoseEvery { get; init; }

    /// <summary>Creates a plan with all kinds of faults except <see cref="LoseEvery"/>, each rarer than in its own preset, so that work still progresses.</summary>
    /// <param name="seed">See <see cref="Seed"/>.</param>
    public static FaultPlan All(int seed) => FaultPresets.All(seed);

    /// <summary>Parses presets from a command line: comma-separated <see cref="FaultPresets.Names"/> or <c>all</c>, followed by <c>:seed</c> if it is not 0.</summary>
    /// <param name="text">For example <c>duplicates</c>, <c>all:7</c> or <c>reorder,slow-state:3</c>.</param>
    /// <exception cref="FormatException">The text has an unknown preset or seed.</exception>
    public static FaultPlan Parse(string text) => FaultPresets.Parse(text);

    /// <summary>Validates properties that depend on each other.</summary>
    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        if (ConflictEvery > 0 && ConflictRun >= ConflictEvery)
        {
            yield return new ValidationResult($"ConflictRun ({ConflictRun}) must be less than ConflictEvery ({ConflictEvery}), or no conditional write ever succeeds.", [nameof(ConflictRun)]);
        }
    }
}
