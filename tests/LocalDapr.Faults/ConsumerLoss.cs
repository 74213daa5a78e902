namespace LocalDapr.Faults;

/// <summary>Simulates the death of one replica's sidecar.</summary>
public static class ConsumerLoss
{
    /// <summary>Breaks off a replica's deliveries as if a sidecar of its own was killed: its events stay unacknowledged. The sidecar's API keeps serving.</summary>
    /// <param name="sidecar">The sidecar.</param>
    /// <param name="appId">One of its app ids.</param>
    /// <param name="replica">Index of the replica's port among the app's ports, from 0.</param>
    /// <param name="delay">Time until the replica gets events again.</param>
    public static Task LoseConsumerAsync(this LocalSidecar sidecar, string appId, int replica, TimeSpan delay) =>
        sidecar.ReplicaOf(appId, replica).LoseAsync(delay);
}
