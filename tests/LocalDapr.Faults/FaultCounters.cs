namespace LocalDapr.Faults;

/// <summary>A kind of fault.</summary>
public enum FaultKind
{
    /// <summary>An event was delivered a second time.</summary>
    Duplicate,

    /// <summary>An event was overtaken by a later one of its topic.</summary>
    Reorder,

    /// <summary>An event was held back for a while.</summary>
    Delay,

    /// <summary>An acknowledgement was forgotten.</summary>
    LostAcknowledgement,

    /// <summary>A conditional write was not done and answered as a conflict.</summary>
    Conflict,

    /// <summary>A conditional write was done and answered as a conflict.</summary>
    RepeatedWrite,

    /// <summary>A read of state was answered 500.</summary>
    StateReadError,

    /// <summary>A write of state was not done and answered 500.</summary>
    StateWriteError,

    /// <summary>A write of state was done and answered 500.</summary>
    LostStateReply,

    /// <summary>A publish was not done and answered 500.</summary>
    PublishError,

    /// <summary>A publish was done and answered 500.</summary>
    LostPublishReply,

    /// <summary>A state call was slowed down.</summary>
    SlowState,

    /// <summary>An event was gone before it was delivered.</summary>
    Loss,
}

/// <summary>How often each kind of fault happened since the start, over all apps.</summary>
public sealed class FaultCounters
{
    private readonly long[] _counts = new long[Enum.GetValues<FaultKind>().Length];

    /// <summary>How often one kind happened.</summary>
    /// <param name="kind">Which.</param>
    public long Of(FaultKind kind) => Interlocked.Read(ref _counts[(int)kind]);

    /// <summary>The kinds that happened, with their counts.</summary>
    public IReadOnlyDictionary<FaultKind, long> Snapshot() =>
        Enum.GetValues<FaultKind>().Select(kind => (kind, count: Of(kind))).Where(pair => pair.count > 0).ToDictionary(pair => pair.kind, pair => pair.count);

    internal void Add(FaultKind kind) => Interlocked.Increment(ref _counts[(int)kind]);
}
