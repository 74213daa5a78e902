namespace LocalDapr.Faults;

/// <summary>A kind of fault.</summary>
public enum FaultKind
{
    /// <summary>An event was delivered a second time.</summary>
    Duplicate,

    /// <summary>An event was delivered after later ones of its topic.</summary>
    Reorder,

    /// <summary>An event was delayed.</summary>
    Delay,

    /// <summary>An acknowledgement was lost.</summary>
    LostAcknowledgement,

    /// <summary>A conditional write was rejected as a conflict.</summary>
    Conflict,

    /// <summary>A conditional write was done, but got a conflict response.</summary>
    RepeatedWrite,

    /// <summary>A state read got 500.</summary>
    StateReadError,

    /// <summary>A state write got 500 and was not done.</summary>
    StateWriteError,

    /// <summary>A state write was done, but got 500.</summary>
    LostStateReply,

    /// <summary>A publish got 500 and was not done.</summary>
    PublishError,

    /// <summary>A publish was done, but got 500.</summary>
    LostPublishReply,

    /// <summary>A state call was slowed down.</summary>
    SlowState,

    /// <summary>An event was discarded before its delivery.</summary>
    Loss,
}

/// <summary>Counts the injected faults of all apps by kind.</summary>
public sealed class FaultCounters
{
    private readonly long[] _counts = new long[Enum.GetValues<FaultKind>().Length];

    /// <summary>Returns the count of one kind.</summary>
    /// <param name="kind">The kind of fault.</param>
    public long Of(FaultKind kind) => Interlocked.Read(ref _counts[(int)kind]);

    /// <summary>Returns the counts of all kinds above 0.</summary>
    public IReadOnlyDictionary<FaultKind, long> Snapshot() =>
        Enum.GetValues<FaultKind>().Select(kind => (kind, count: Of(kind))).Where(pair => pair.count > 0).ToDictionary(pair => pair.kind, pair => pair.count);

    internal void Add(FaultKind kind) => Interlocked.Increment(ref _counts[(int)kind]);
}
