namespace LocalDapr;

/// <summary>A consumer group: one app id on one topic.</summary>
internal sealed record Subscription(long Id, string PubSub, string Topic, string AppId);

/// <summary>An event to store for every group of its topic.</summary>
/// <param name="PubSub">The component's name.</param>
/// <param name="Topic">The topic.</param>
/// <param name="Body">The bytes to deliver, unchanged.</param>
/// <param name="Metadata">The publisher's metadata as a JSON object of strings, or null for none.</param>
/// <param name="Enqueued">Unix milliseconds.</param>
/// <param name="Expires">Unix milliseconds, or null for never.</param>
internal sealed record NewMessage(string PubSub, string Topic, byte[] Body, string? Metadata, long Enqueued, long? Expires);

/// <summary>A stored event as read for delivery.</summary>
internal sealed record StoredMessage(byte[] Body, string? Metadata, long Enqueued, long? Expires);

/// <summary>An event that waits for one group, and how often it was delivered to it.</summary>
internal readonly record struct StoredDelivery(long Message, int Count);

/// <summary>The events, one row each, and one row for each group that still has to see them.</summary>
internal static class MessageTable
{
    /// <summary>Stores an event; it is gone again once every group listed has acknowledged it.</summary>
    /// <returns>Its sequence number, and the groups it waits for. None: it is kept for the first group its topic gets.</returns>
    /// <param name="session">The database.</param>
    /// <param name="message">The event.</param>
    /// <param name="isKept">Whether it is kept where there is no group yet; otherwise it is lost then.</param>
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

    /// <summary>Remembers a group for good. The first group of a topic gets what was published before there was any.</summary>
    /// <returns>The group, and the events it starts with; none if it was known.</returns>
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

    /// <summary>Everything not acknowledged, by group.</summary>
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

    /// <summary>Whether a group still has to see an event.</summary>
    public static bool IsWaiting(Session session, long message, long group) =>
        session.Scalar("SELECT 1 FROM delivery WHERE message = ?1 AND subscription = ?2", message, group) is not null;

    public static void SetCount(Session session, long message, long group, int count) =>
        session.Execute("UPDATE delivery SET count = ?3 WHERE message = ?1 AND subscription = ?2", message, group, count);

    /// <summary>The group is done with the event; the last group takes it away.</summary>
    public static bool Acknowledge(Session session, long message, long group)
    {
        session.Execute("DELETE FROM delivery WHERE message = ?1 AND subscription = ?2", message, group);
        session.Execute("DELETE FROM message WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM delivery WHERE message = ?1)", message);
        return true;
    }

    /// <summary>Deletes events from before a moment in Unix milliseconds, and gives free pages back to the disk.</summary>
    public static void DeleteForgotten(Session session, long before)
    {
        session.Execute("DELETE FROM delivery WHERE message IN (SELECT id FROM message WHERE enqueued < ?1)", before);
        session.Execute("DELETE FROM message WHERE enqueued < ?1", before);
        session.Execute("PRAGMA incremental_vacuum(1000)");
    }
}
