namespace LocalDapr.Faults;

/// <summary>How the sidecar of one replica goes, with its hands full.</summary>
public enum ConsumerLoss
{
    /// <summary>It is killed: what it holds stays unacknowledged, and the app's connections break.</summary>
    Dies,

    /// <summary>It is told to end, as in a scale-in: it takes no more, gives what is at work five seconds, and leaves the rest unacknowledged.</summary>
    Leaves,
}

/// <summary>Loses consumers on purpose.</summary>
public static class ConsumerLosses
{
    /// <summary>Loses the consumer of one replica as the end of its own sidecar would. Its API goes on.</summary>
    /// <param name="sidecar">The sidecar.</param>
    /// <param name="appId">One of its app ids.</param>
    /// <param name="replica">The place of the replica's port among the app's, from 0.</param>
    /// <param name="loss">How it goes.</param>
    /// <param name="back">How long it stays away.</param>
    public static Task LoseConsumerAsync(this LocalSidecar sidecar, string appId, int replica, ConsumerLoss loss, TimeSpan back) =>
        sidecar.ReplicaOf(appId, replica).LoseAsync(loss == ConsumerLoss.Leaves, back);
}
