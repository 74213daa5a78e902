using System.Collections.Frozen;

namespace LocalDapr;

/// <summary>Counts the requests and deliveries of each app id since the start.</summary>
public sealed class SidecarTraffic
{
    private readonly FrozenDictionary<string, TrafficCounter> _counters;

    internal SidecarTraffic(IEnumerable<string> appIds) =>
        _counters = appIds.ToFrozenDictionary(appId => appId, _ => new TrafficCounter());

    /// <summary>Returns the current counts of one app id.</summary>
    /// <param name="appId">One of the app ids of the options.</param>
    /// <exception cref="KeyNotFoundException">The sidecar does not serve <paramref name="appId"/>.</exception>
    public AppTraffic Of(string appId) => _counters[appId].Read();

    /// <summary>Returns the current counts of every app id.</summary>
    public IReadOnlyDictionary<string, AppTraffic> Snapshot() =>
        _counters.ToDictionary(counter => counter.Key, counter => counter.Value.Read());

    internal TrafficCounter CounterOf(string appId) => _counters[appId];
}

/// <summary>Counts of one app id.</summary>
/// <param name="StateRequests">State requests, including failed ones.</param>
/// <param name="StateKeys">Keys in these requests; a bulk get of 32 keys counts 32.</param>
/// <param name="Publishes">Events published, including failed ones; each entry of a bulk publish counts.</param>
/// <param name="Deliveries">Events sent to the app's replicas, including in-memory retries.</param>
public readonly record struct AppTraffic(long StateRequests, long StateKeys, long Publishes, long Deliveries)
{
    /// <summary>Returns the difference from earlier counts.</summary>
    /// <param name="earlier">The earlier counts.</param>
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

    // Nothing listened at the replica's port.
    public void UndoDelivery() => Interlocked.Decrement(ref _deliveries);

    public AppTraffic Read() => new(
        Interlocked.Read(ref _stateRequests),
        Interlocked.Read(ref _stateKeys),
        Interlocked.Read(ref _publishes),
        Interlocked.Read(ref _deliveries));
}
