using System.Collections.Frozen;

namespace LocalDapr;

/// <summary>How often each app id used its sidecar since the start. Counting costs one atomic addition a call.</summary>
public sealed class SidecarTraffic
{
    private readonly FrozenDictionary<string, TrafficCounter> _counters;

    internal SidecarTraffic(IEnumerable<string> appIds) =>
        _counters = appIds.ToFrozenDictionary(appId => appId, _ => new TrafficCounter());

    /// <summary>The counts of one app id at this moment.</summary>
    /// <param name="appId">One of the app ids the sidecar was started with.</param>
    /// <exception cref="KeyNotFoundException">The sidecar does not serve <paramref name="appId"/>.</exception>
    public AppTraffic Of(string appId) => _counters[appId].Read();

    /// <summary>The counts of every app id; subtract an earlier snapshot to see what a call cost.</summary>
    public IReadOnlyDictionary<string, AppTraffic> Snapshot() =>
        _counters.ToDictionary(counter => counter.Key, counter => counter.Value.Read());

    internal TrafficCounter CounterOf(string appId) => _counters[appId];
}

/// <summary>What one app id did.</summary>
/// <param name="StateRequests">Calls of the state API, whatever came of them.</param>
/// <param name="StateKeys">Keys those calls named; a bulk get of 32 keys counts 32.</param>
/// <param name="Publishes">Events offered; each entry of a bulk publish counts.</param>
/// <param name="Deliveries">Events handed to the app's replicas, in-memory retries included.</param>
public readonly record struct AppTraffic(long StateRequests, long StateKeys, long Publishes, long Deliveries)
{
    /// <summary>What was added since an earlier reading.</summary>
    /// <param name="earlier">The earlier reading.</param>
    public AppTraffic Since(AppTraffic earlier) => new(
        StateRequests - earlier.StateRequests,
        StateKeys - earlier.StateKeys,
        Publishes - earlier.Publishes,
        Deliveries - earlier.Deliveries);
}

internal sealed class TrafficCounter
{
    private long _stateRequests;
    private long _stateKeys;
    private long _publishes;
    private long _deliveries;

    public void AddState(int keys)
    {
        Interlocked.Increment(ref _stateRequests);
        Interlocked.Add(ref _stateKeys, keys);
    }

    public void AddPublishes(int events) => Interlocked.Add(ref _publishes, events);

    public void AddDelivery() => Interlocked.Increment(ref _deliveries);

    // Nobody was there to take it.
    public void TakeDeliveryBack() => Interlocked.Decrement(ref _deliveries);

    public AppTraffic Read() => new(
        Interlocked.Read(ref _stateRequests),
        Interlocked.Read(ref _stateKeys),
        Interlocked.Read(ref _publishes),
        Interlocked.Read(ref _deliveries));
}
