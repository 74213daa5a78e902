namespace LocalDapr;

/// <summary>The queue of one app on one topic.</summary>
/// <param name="PubSub">The component's name.</param>
/// <param name="Topic">The topic.</param>
/// <param name="AppId">The app id of the subscriber.</param>
/// <param name="Waiting">Number of unacknowledged events, including those in delivery.</param>
/// <param name="Oldest">When the oldest of these events was published; null when the queue is empty.</param>
public sealed record QueueStatus(string PubSub, string Topic, string AppId, long Waiting, DateTimeOffset? Oldest);

internal static class SidecarQueues
{
    public static List<QueueStatus> Read(Session session) => session.List(
        """
        SELECT s.pubsub, s.topic, s.app, COUNT(d.message), MIN(m.enqueued)
        FROM subscription s LEFT JOIN delivery d ON d.subscription = s.id LEFT JOIN message m ON m.id = d.message
        GROUP BY s.id ORDER BY s.app, s.topic
        """,
        row => new QueueStatus(
            row.GetString(0),
            row.GetString(1),
            row.GetString(2),
            row.GetInt64(3),
            row.IsDBNull(4) ? null : DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(4))));
}
