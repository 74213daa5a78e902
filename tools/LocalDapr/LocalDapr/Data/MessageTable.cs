namespace LocalDapr;

/// <summary>A consumer group: one app id on one topic.</summary>
internal sealed record Subscription(long Id, string PubSub, string Topic, string AppId);

/// <summary>An event to store.</summary>
/// <param name="PubSub">The component's name.</param>
/// <param name="Topic">The topic.</param>
/// <param name="Body">The bytes to deliver, unchanged.</param>
/// <param name="Metadata">The publisher's metadata as a JSON object of strings; null for none.</param>
/// <param name="Enqueued">Time of publishing, in Unix milliseconds.</param>
/// <param name="Expires">Time of expiry, in Unix milliseconds; null for never.</param>
internal sealed record NewMessage(string PubSub, string Topic, byte[] Body, string? Metadata, long Enqueued, long? Expires);

internal sealed record StoredMessage(byte[] Body, string? Metadata, long Enqueued, long? Expires);

/// <summary>An unacknowledged event of one group, and its delivery count.</summary>
internal readonly record struct StoredDelivery(long Message, int Count);

/// <summary>The stored events, one row each, and one delivery row for each group that has not acknowledged the event.</summary>
internal static class MessageTable
{
    /// <summary>Stores an event until every group of its topic has acknowledged it.</summary>
    /// <returns>Its sequence number and the groups. Without a group, a kept event waits for the first one.</returns>
    /// <param name="session">The database.</param>
    /// <param name="message">The event.</param>
    /// <param name="isKept">Whether to keep the event when its topic has no group yet; otherwise it is discarded.</param>
    public static (long Message, long[] Groups) Publish(Session session, NewMessage message, bool isKept)
    {
        var groups = session.List("SELECT id FROM subscription WHERE pubsub = ?1 AND topic = ?2", row => row.GetInt64(0), message.PubSub, message.Topic);
        if (groups.Count == 0 && !isKept)
        {
            return (0, []);
        }

        var id = (long)session.Scalar(
            """
            INSERT INTO message (pubsub, topic, body, metadata, enqueued, expires, unclaimed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            RETURNING id
            """,
            message.PubSub, message.Topic, message.Body, message.Metadata, message.Enqueued, message.Expires, groups.Count == 0 ? 1 : 0)!;
        foreach (var group in groups)
        {
            session.Execute("INSERT INTO delivery (message, subscription, count) VALUES (?1, ?2, 0)", id, group);
        }

        return (id, [.. groups]);
    }

    /// <summary>Stores a group permanently. The first group of a topic gets the events published before it.</summary>
    /// <returns>The group and its backlog, which is empty for a known group.</returns>
    public static (Subscription Group, long[] Backlog) Subscribe(Session session, string pubSub, string topic, string appId)
    {
        if (session.Scalar("SELECT id FROM subscription WHERE pubsub = ?1 AND topic = ?2 AND app = ?3", pubSub, topic, appId) is long known)
        {
            return (new Subscription(known, pubSub, topic, appId), []);
        }

        var id = (long)session.Scalar(
            "INSERT INTO subscription (pubsub, topic, app) VALUES (?1, ?2, ?3) RETURNING id", pubSub, topic, appId)!;
        var backlog = session.List(
            "SELECT id FROM message WHERE pubsub = ?1 AND topic = ?2 AND unclaimed = 1 ORDER BY id", row => row.GetInt64(0), pubSub, topic);
        session.Execute(
            "INSERT INTO delivery (message, subscription, count) SELECT id, ?3, 0 FROM message WHERE pubsub = ?1 AND topic = ?2 AND unclaimed = 1",
            pubSub, topic, id);
        session.Execute("UPDATE message SET unclaimed = 0 WHERE pubsub = ?1 AND topic = ?2 AND unclaimed = 1", pubSub, topic);
        return (new Subscription(id, pubSub, topic, appId), [.. backlog]);
    }

    public static List<Subscription> Subscriptions(Session session) => session.List(
        "SELECT id, pubsub, topic, app FROM subscription ORDER BY id", row => new Subscription(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3)));

    /// <summary>Returns all unacknowledged deliveries by group.</summary>
    public static ILookup<long, StoredDelivery> Deliveries(Session session) => session
        .List("SELECT subscription, message, count FROM delivery ORDER BY message", row => (Group: row.GetInt64(0), Delivery: new StoredDelivery(row.GetInt64(1), row.GetInt32(2))))
        .ToLookup(row => row.Group, row => row.Delivery);

    public static StoredMessage? Get(Session session, long message)
    {
        using var row = session.Query("SELECT body, metadata, enqueued, expires FROM message WHERE id = ?1", message);
        return row.Read()
            ? new StoredMessage(row.GetFieldValue<byte[]>(0), row.IsDBNull(1) ? null : row.GetString(1), row.GetInt64(2), row.IsDBNull(3) ? null : row.GetInt64(3))
            : null;
    }

    /// <summary>Whether a group has not acknowledged an event.</summary>
    public static bool IsWaiting(Session session, long message, long group) =>
        session.Scalar("SELECT 1 FROM delivery WHERE message = ?1 AND subscription = ?2", message, group) is not null;

    public static void SetCount(Session session, long message, long group, int count) =>
        session.Execute("UPDATE delivery SET count = ?3 WHERE message = ?1 AND subscription = ?2", message, group, count);

    /// <summary>Acknowledges an event for a group, and deletes it once every group has acknowledged it.</summary>
    public static bool Acknowledge(Session session, long message, long group)
    {
        session.Execute("DELETE FROM delivery WHERE message = ?1 AND subscription = ?2", message, group);
        session.Execute("DELETE FROM message WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM delivery WHERE message = ?1)", message);
        return true;
    }

    /// <summary>Deletes events published before a time in Unix milliseconds, and returns free pages to the disk.</summary>
    public static void DeleteOlder(Session session, long before)
    {
        session.Execute("DELETE FROM delivery WHERE message IN (SELECT id FROM message WHERE enqueued < ?1)", before);
        session.Execute("DELETE FROM message WHERE enqueued < ?1", before);
        session.Execute("PRAGMA incremental_vacuum(1000)");
    }
}
