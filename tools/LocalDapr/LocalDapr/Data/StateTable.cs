namespace LocalDapr;

/// <summary>A stored value as read: its bytes, its ETag, and when it expires in Unix milliseconds, or null for never.</summary>
internal readonly record struct StateItem(byte[] Value, string ETag, long? Expires)
{
    /// <summary>When it expires, as callers see it.</summary>
    public string? ExpiryText => Expires is { } expires ? CloudEvents.Rfc3339(DateTimeOffset.FromUnixTimeMilliseconds(expires)) : null;
}

/// <summary>One write of the state API with its key prefixed and its options checked.</summary>
/// <param name="Key">The stored key, prefix included.</param>
/// <param name="Value">The bytes to store, JSON for the most part; null deletes.</param>
/// <param name="ETag">The ETag the key must have; null asks for none.</param>
/// <param name="FirstWrite">Without an ETag: the key must not exist.</param>
/// <param name="TimeToLive">From now; zero for good; null when the request says nothing, which also means for good, but for Redis.</param>
/// <param name="LastWrite">Last-write is spelled out.</param>
internal sealed record StateWrite(string Key, byte[]? Value, string? ETag, bool FirstWrite, TimeSpan? TimeToLive, bool LastWrite = false)
{
    public bool IsConditional => ETag is not null || FirstWrite;
}

/// <summary>The state table, with the semantics of Dapr's own SQLite store: an ETag is a random token, and every write makes a new one.</summary>
internal static class StateTable
{
    public static StateItem? Get(Session session, string store, string key, long now)
    {
        using var row = session.Query(
            "SELECT value, etag, expires FROM state WHERE store = ?1 AND key = ?2 AND (expires IS NULL OR expires > ?3)",
            store, key, now);
        return row.Read() ? new StateItem(row.GetFieldValue<byte[]>(0), row.GetString(1), row.IsDBNull(2) ? null : row.GetInt64(2)) : null;
    }

    /// <summary>Applies one write; false means that its ETag or first-write condition does not hold, and nothing was written.</summary>
    public static bool Apply(Session session, string store, StateWrite write, long now) =>
        write.Value is null ? Delete(session, store, write, now) : Save(session, store, write, write.Value, now);

    /// <summary>Applies all writes or none; false means that a condition of one of them does not hold.</summary>
    public static bool ApplyAll(Session session, string store, IReadOnlyList<StateWrite> writes, long now)
    {
        session.Execute("SAVEPOINT all_or_nothing");
        foreach (var write in writes)
        {
            if (!Apply(session, store, write, now))
            {
                session.Execute("ROLLBACK TO all_or_nothing");
                session.Execute("RELEASE all_or_nothing");
                return false;
            }
        }

        session.Execute("RELEASE all_or_nothing");
        return true;
    }

    /// <summary>Deletes what has expired and tells how many keys that were.</summary>
    public static int DeleteExpired(Session session, long now) =>
        session.Execute("DELETE FROM state WHERE expires <= ?1", now);

    private static bool Save(Session session, string store, StateWrite write, byte[] value, long now)
    {
        var etag = Guid.NewGuid().ToString();
        long? expires = write.TimeToLive is { Ticks: > 0 } timeToLive ? now + (long)timeToLive.TotalMilliseconds : null;
        if (write.ETag is not null)
        {
            return session.Execute(
                """
                UPDATE state SET value = CAST(?3 AS TEXT), etag = ?4, expires = ?5
                WHERE store = ?1 AND key = ?2 AND etag = ?6 AND (expires IS NULL OR expires > ?7)
                """,
                store, write.Key, value, etag, expires, write.ETag, now) == 1;
        }

        return session.Execute(
            """
            INSERT INTO state (store, key, value, etag, expires) VALUES (?1, ?2, CAST(?3 AS TEXT), ?4, ?5)
            ON CONFLICT (store, key) DO UPDATE SET value = excluded.value, etag = excluded.etag, expires = excluded.expires
            WHERE ?6 = 0 OR state.expires <= ?7
            """,
            store, write.Key, value, etag, expires, write.FirstWrite ? 1 : 0, now) == 1;
    }

    private static bool Delete(Session session, string store, StateWrite write, long now)
    {
        if (write.ETag is not null)
        {
            return session.Execute(
                "DELETE FROM state WHERE store = ?1 AND key = ?2 AND etag = ?3 AND (expires IS NULL OR expires > ?4)",
                store, write.Key, write.ETag, now) == 1;
        }

        session.Execute("DELETE FROM state WHERE store = ?1 AND key = ?2", store, write.Key);
        return true;
    }
}
