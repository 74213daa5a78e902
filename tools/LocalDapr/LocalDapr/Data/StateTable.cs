namespace LocalDapr;

/// <summary>A stored value, its ETag and its expiry in Unix milliseconds (null for never).</summary>
internal readonly record struct StateItem(byte[] Value, string ETag, long? Expires)
{
    /// <summary>The expiry as it is sent to callers.</summary>
    public string? ExpiryText => Expires is { } expires ? CloudEvents.Rfc3339(DateTimeOffset.FromUnixTimeMilliseconds(expires)) : null;
}

/// <summary>A validated write of the state API.</summary>
/// <param name="Key">The stored key with its prefix.</param>
/// <param name="Value">The bytes to store, usually JSON; null deletes the key.</param>
/// <param name="ETag">The ETag the key must have; null for no condition.</param>
/// <param name="FirstWrite">Whether the key must not exist, if there is no ETag.</param>
/// <param name="TimeToLive">Time to live from now; zero for no expiry; null when the request has none, which Redis treats as unchanged and others as no expiry.</param>
/// <param name="LastWrite">Whether the request names last-write explicitly.</param>
internal sealed record StateWrite(string Key, byte[]? Value, string? ETag, bool FirstWrite, TimeSpan? TimeToLive, bool LastWrite = false)
{
    public bool IsConditional => ETag is not null || FirstWrite;
}

/// <summary>The state table, with the semantics of Dapr's SQLite store: every write creates a new random ETag.</summary>
internal static class StateTable
{
    public static StateItem? Get(Session session, string store, string key, long now)
    {
        using var row = session.Query(
            "SELECT value, etag, expires FROM state WHERE store = ?1 AND key = ?2 AND (expires IS NULL OR expires > ?3)",
            store, key, now);
        return row.Read() ? new StateItem(row.GetFieldValue<byte[]>(0), row.GetString(1), row.IsDBNull(2) ? null : row.GetInt64(2)) : null;
    }

    /// <summary>Applies one write; returns false, without writing, when its ETag or first-write condition does not hold.</summary>
    public static bool Apply(Session session, string store, StateWrite write, long now) =>
        write.Value is null ? Delete(session, store, write, now) : Save(session, store, write, write.Value, now);

    /// <summary>Applies all writes or none; returns false when the condition of one does not hold.</summary>
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

    /// <summary>Deletes expired keys and returns their number.</summary>
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
