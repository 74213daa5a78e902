using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace LocalDapr.Faults;

/// <summary>The faults planned for one event; each is cleared once it has happened.</summary>
/// <param name="Delay">Delay before its first delivery; zero for none.</param>
/// <param name="ReorderBy">Number of later events of its topic to deliver first; 0 for none.</param>
/// <param name="Lose">Whether to discard it.</param>
internal sealed record EventFaults(TimeSpan Delay, int ReorderBy, bool Lose)
{
    /// <summary>Whether to deliver it twice.</summary>
    public bool Duplicate { get; set; }

    /// <summary>Whether to lose its first acknowledgement.</summary>
    public bool LoseAcknowledgement { get; set; }

    /// <summary>Number of later events of its topic delivered while it was held.</summary>
    public int PassedBy { get; set; }
}

/// <summary>Decides which faults to inject into the n-th event or call of an app. Depends only on the seed, the kind of fault and n.</summary>
internal sealed class FaultDecisions(FaultPlan plan, FaultCounters counters)
{
    private readonly ConcurrentDictionary<(string AppId, FaultKind Kind), StrongBox<long>> _ordinals = new();

    public FaultPlan Plan { get; } = plan;

    /// <summary>Returns the faults of the next event queued for an app.</summary>
    public EventFaults OfEvent(string appId) => new(
        Strikes(appId, FaultKind.Delay, Plan.DelayEvery) ? Plan.Delay : TimeSpan.Zero,
        Next(appId, FaultKind.Reorder) is var n && IsHit(FaultKind.Reorder, n, Plan.ReorderEvery)
            ? 1 + (int)(Draw(FaultKind.Reorder, n) % (ulong)Plan.ReorderWindow)
            : 0,
        Strikes(appId, FaultKind.Loss, Plan.LoseEvery))
    {
        Duplicate = Strikes(appId, FaultKind.Duplicate, Plan.DuplicateEvery),
        LoseAcknowledgement = Strikes(appId, FaultKind.LostAcknowledgement, Plan.LoseAcknowledgementEvery),
    };

    /// <summary>Whether to inject this kind of fault into the next call; counts it if so.</summary>
    public bool StrikesCall(string appId, FaultKind kind)
    {
        var struck = kind switch
        {
            FaultKind.Conflict => IsInRun(kind, Next(appId, kind), Plan.ConflictEvery, Plan.ConflictRun),
            FaultKind.RepeatedWrite => Strikes(appId, kind, Plan.RepeatWriteEvery),
            FaultKind.StateReadError => Strikes(appId, kind, Plan.StateReadErrorEvery),
            FaultKind.StateWriteError => Strikes(appId, kind, Plan.StateWriteErrorEvery),
            FaultKind.LostStateReply => Strikes(appId, kind, Plan.LostStateReplyEvery),
            FaultKind.PublishError => Strikes(appId, kind, Plan.PublishErrorEvery),
            FaultKind.LostPublishReply => Strikes(appId, kind, Plan.LostPublishReplyEvery),
            FaultKind.SlowState => Strikes(appId, kind, Plan.SlowStateEvery),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "not a fault of calls"),
        };
        if (struck)
        {
            counters.Add(kind);
        }

        return struck;
    }

    private bool Strikes(string appId, FaultKind kind, int every) => every > 0 && IsHit(kind, Next(appId, kind), every);

    private bool IsHit(FaultKind kind, long n, int every) => IsInRun(kind, n, every, 1);

    // The seed chooses the position of the run in a round of n calls, which is the same in every round.
    private bool IsInRun(FaultKind kind, long n, int every, int run) =>
        every > 0 && (n + (long)(Draw(kind, -1) % (ulong)every)) % every < run;

    private long Next(string appId, FaultKind kind) =>
        Interlocked.Increment(ref _ordinals.GetOrAdd((appId, kind), _ => new StrongBox<long>()).Value);

    // SplitMix64, which hashes adjacent seeds, kinds and ordinals to unrelated values.
    private ulong Draw(FaultKind kind, long n)
    {
        var z = ((ulong)(uint)Plan.Seed << 32) ^ ((ulong)kind << 24) ^ (ulong)n;
        z += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
