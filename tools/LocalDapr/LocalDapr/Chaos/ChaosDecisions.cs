using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace LocalDapr;

/// <summary>What chaos has in mind for one event.</summary>
/// <param name="Duplicate">It is delivered twice.</param>
/// <param name="LoseAcknowledgement">Its first success is forgotten.</param>
/// <param name="Delay">It waits so long first; zero for not at all.</param>
/// <param name="Overtakers">So many later events of its topic go first; 0 for none.</param>
/// <param name="Lose">It is never delivered.</param>
internal readonly record struct EventFate(bool Duplicate, bool LoseAcknowledgement, TimeSpan Delay, int Overtakers, bool Lose);

/// <summary>Decides, for the n-th event or call of an app, what goes wrong with it: by the seed, the kind and n alone.</summary>
internal sealed class ChaosDecisions(ChaosOptions options, ChaosCounters counters)
{
    private readonly ConcurrentDictionary<(string AppId, ChaosKind Kind), StrongBox<long>> _ordinals = new();

    public ChaosOptions Options { get; } = options;

    public ChaosCounters Counters { get; } = counters;

    /// <summary>The fate of the next event queued for an app.</summary>
    public EventFate OfEvent(string appId) => new(
        Strikes(appId, ChaosKind.Duplicate, Options.DuplicateEvery),
        Strikes(appId, ChaosKind.LostAcknowledgement, Options.LoseAcknowledgementEvery),
        Strikes(appId, ChaosKind.Delay, Options.DelayEvery) ? Options.Delay : TimeSpan.Zero,
        Next(appId, ChaosKind.Reorder) is var n && IsHit(ChaosKind.Reorder, n, Options.ReorderEvery)
            ? 1 + (int)(Draw(ChaosKind.Reorder, n) % (ulong)Options.ReorderWindow)
            : 0,
        Strikes(appId, ChaosKind.Loss, Options.LoseEvery));

    /// <summary>Whether the next call of this kind is struck; one that is, is counted.</summary>
    public bool StrikesCall(string appId, ChaosKind kind)
    {
        var struck = kind switch
        {
            ChaosKind.Conflict => IsInRun(kind, Next(appId, kind), Options.ConflictEvery, Options.ConflictRun),
            ChaosKind.RepeatedWrite => Strikes(appId, kind, Options.RepeatWriteEvery),
            ChaosKind.StateReadError => Strikes(appId, kind, Options.StateReadErrorEvery),
            ChaosKind.StateWriteError => Strikes(appId, kind, Options.StateWriteErrorEvery),
            ChaosKind.LostStateReply => Strikes(appId, kind, Options.LostStateReplyEvery),
            ChaosKind.PublishError => Strikes(appId, kind, Options.PublishErrorEvery),
            ChaosKind.LostPublishReply => Strikes(appId, kind, Options.LostPublishReplyEvery),
            ChaosKind.SlowState => Strikes(appId, kind, Options.SlowStateEvery),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "not a kind that strikes calls"),
        };
        if (struck)
        {
            Counters.Add(kind);
        }

        return struck;
    }

    private bool Strikes(string appId, ChaosKind kind, int every) => every > 0 && IsHit(kind, Next(appId, kind), every);

    private bool IsHit(ChaosKind kind, long n, int every) => IsInRun(kind, n, every, 1);

    // The first hit lies somewhere in the first round, where the seed says; from there on each round has its run at the same place.
    private bool IsInRun(ChaosKind kind, long n, int every, int run) =>
        every > 0 && (n + (long)(Draw(kind, -1) % (ulong)every)) % every < run;

    private long Next(string appId, ChaosKind kind) =>
        Interlocked.Increment(ref _ordinals.GetOrAdd((appId, kind), _ => new StrongBox<long>()).Value);

    // SplitMix64: a few multiplications spread neighbouring seeds, kinds and ordinals over all 64 bits.
    private ulong Draw(ChaosKind kind, long n)
    {
        var z = ((ulong)(uint)Options.Seed << 32) ^ ((ulong)kind << 24) ^ (ulong)n;
        z += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
