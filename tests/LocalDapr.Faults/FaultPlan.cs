using System.ComponentModel.DataAnnotations;

namespace LocalDapr.Faults;

/// <summary>The faults that a sidecar injects. Everything is off by default.</summary>
/// <remarks>
/// "Every n-th" counts the events or requests of one app id since the start. Where in a round of n the first hit lies depends on
/// <see cref="Seed"/> and the kind alone, never on time: the same order of calls meets the same faults again.
/// </remarks>
public sealed record FaultPlan : IValidatableObject
{
    private const int Rarest = 1_000_000;

    /// <summary>Chooses which of n is hit. Any number; default 0.</summary>
    public int Seed { get; init; }

    /// <summary>Every n-th event of an app is delivered twice, to the same replica and at the same time. 1 to 1,000,000; default 0: none.</summary>
    [Range(0, Rarest)]
    public int DuplicateEvery { get; init; }

    /// <summary>Every n-th event of an app is kept back until up to <see cref="ReorderWindow"/> later ones of its topic went before it. 1 to 1,000,000; default 0: none.</summary>
    [Range(0, Rarest)]
    public int ReorderEvery { get; init; }

    /// <summary>Most events that overtake one that is kept back, 1 to 100; the number is drawn for each. Default 8.</summary>
    [Range(1, 100)]
    public int ReorderWindow { get; init; } = 8;

    /// <summary>Longest time an event is kept back for others to overtake it, 1 ms to 1 minute. Default 1 second; then it goes, or the last of a topic never would.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:01:00")]
    public TimeSpan ReorderHold { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Every n-th event of an app waits for <see cref="Delay"/> before it can be delivered. 1 to 1,000,000; default 0: none.</summary>
    [Range(0, Rarest)]
    public int DelayEvery { get; init; }

    /// <summary>How long a delayed event waits, 1 ms to 1 minute. Default 500 ms.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:01:00")]
    public TimeSpan Delay { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The app's first success with every n-th event is forgotten, so that the event comes again and that delivery is counted. 1 (all) to 1,000,000; default 0: none.</summary>
    [Range(0, Rarest)]
    public int LoseAcknowledgementEvery { get; init; }

    /// <summary>Every n-th conditional write (ETag or first-write) begins a run of conflicts. 2 to 1,000,000; default 0: none.</summary>
    /// <remarks>A conflict that meets the creation of a key says that it exists although nobody will find it: as if it had been made and deleted meanwhile.</remarks>
    [Range(0, Rarest)]
    public int ConflictEvery { get; init; }

    /// <summary>Conditional writes of an app that conflict one after another, 1 to 100 and less than <see cref="ConflictEvery"/>. Default 3.</summary>
    [Range(1, 100)]
    public int ConflictRun { get; init; } = 3;

    /// <summary>
    /// Every n-th conditional write is done and answered as a conflict all the same: the store's reply was lost, and the sidecar wrote once more
    /// under the ETag that was used up, as daprd's retry policy has it. 1 to 1,000,000; default 0: none.
    /// </summary>
    [Range(0, Rarest)]
    public int RepeatWriteEvery { get; init; }

    /// <summary>Every n-th read of state (get or bulk get) is answered 500. 1 to 1,000,000; default 0: none.</summary>
    [Range(0, Rarest)]
    public int StateReadErrorEvery { get; init; }

    /// <summary>Every n-th write of state is answered 500 and not done. 1 to 1,000,000; default 0: none.</summary>
    [Range(0, Rarest)]
    public int StateWriteErrorEvery { get; init; }

    /// <summary>Every n-th write of state is done and answered 500 all the same: its reply is lost. 1 to 1,000,000; default 0: none.</summary>
    [Range(0, Rarest)]
    public int LostStateReplyEvery { get; init; }

    /// <summary>Every n-th publish is answered 500 and not done. 1 to 1,000,000; default 0: none.</summary>
    [Range(0, Rarest)]
    public int PublishErrorEvery { get; init; }

    /// <summary>Every n-th publish is done and answered 500 all the same: its reply is lost. 1 to 1,000,000; default 0: none.</summary>
    [Range(0, Rarest)]
    public int LostPublishReplyEvery { get; init; }

    /// <summary>Every n-th call of the state API takes <see cref="SlowState"/> longer. 1 to 1,000,000; default 0: none.</summary>
    [Range(0, Rarest)]
    public int SlowStateEvery { get; init; }

    /// <summary>What a slow state call takes in addition, 1 ms to 1 minute. Default 200 ms.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:01:00")]
    public TimeSpan SlowState { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Every n-th event of an app is gone before it is delivered. 1 to 1,000,000; default 0: none. No preset has it: brokers promise that it does not happen.</summary>
    [Range(0, Rarest)]
    public int LoseEvery { get; init; }

    /// <summary>Everything but <see cref="LoseEvery"/> at once, each kind rarer than alone, so that work still gets done.</summary>
    /// <param name="seed">See <see cref="Seed"/>.</param>
    public static FaultPlan All(int seed) => FaultPresets.All(seed);

    /// <summary>Reads presets as a command line has them: names of <see cref="FaultPresets.Names"/> or <c>all</c>, several with commas, and <c>:seed</c> at the end if it is not 0.</summary>
    /// <param name="text">For example <c>duplicates</c>, <c>all:7</c> or <c>reorder,slow-state:3</c>.</param>
    /// <exception cref="FormatException">The text is no such list; the message names what is known.</exception>
    public static FaultPlan Parse(string text) => FaultPresets.Parse(text);

    /// <summary>Checks what concerns two properties at a time.</summary>
    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        if (ConflictEvery > 0 && ConflictRun >= ConflictEvery)
        {
            yield return new ValidationResult($"ConflictRun ({ConflictRun}) must be less than ConflictEvery ({ConflictEvery}), or no conditional write ever succeeds.", [nameof(ConflictRun)]);
        }
    }
}
