using System.Globalization;

namespace LocalDapr.Faults;

/// <summary>The state table with the semantics of Dapr's Redis store, including its weaknesses.</summary>
/// <remarks>Origin: the two scripts and the ETag and TTL parsing of components-contrib v1.18.4, state/redis/redis.go.</remarks>
internal static class RedisState
{
    private const string NoVersion = "0";

    /// <summary>Applies one write.</summary>
    /// <param name="session">The writer's session.</param>
    /// <param name="store">The component's name.</param>
    /// <param name="write">What to write.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <param name="marksFirstWrite">Whether to mark the key as first-write; Redis does not do so in a transaction.</param>
    public static StateOutcome Apply(Session session, string store, StateWrite write, long now, bool marksFirstWrite)
    {
        if (write.Value is not { } value)
        {
            return Delete(session, store, write, now);
        }

        if (VersionOf(write) is not { } version)
        {
            return StateOutcome.InvalidETag;
        }

        var held = Find(session, store, write.Key, now);
        var firstWrite = held?.FirstWrite ?? false;
        // A missing key accepts any ETag; a key ever written first-write accepts only its own.
        if (held is { } existing && existing.ETag != version && (firstWrite || version != NoVersion))
        {
            return write.ETag is not null ? StateOutcome.Mismatch : StateOutcome.Failed;
        }

        var next = long.TryParse(held?.ETag, CultureInfo.InvariantCulture, out var last) ? last + 1 : 1;
        var expires = write.TimeToLive switch
        {
            null => held?.Expires,
            { Ticks: > 0 } timeToLive => now + (long)timeToLive.TotalMilliseconds,
            _ => default(long?),
        };
        session.Execute(
            "INSERT OR REPLACE INTO state (store, key, value, etag, expires, first_write) VALUES (?1, ?2, CAST(?3 AS TEXT), ?4, ?5, ?6)",
            store, write.Key, value, next.ToString(CultureInfo.InvariantCulture), expires, firstWrite || (marksFirstWrite && write.FirstWrite) ? 1 : 0);
        return StateOutcome.Done;
    }

    /// <summary>Applies every write that it can, since MULTI has no rollback. Only an ETag that is not a number rejects the whole transaction.</summary>
    public static StateOutcome Transact(Session session, string store, IReadOnlyList<StateWrite> writes, long now)
    {
        if (writes.Any(write => write.Value is not null && VersionOf(write) is null))
        {
            return StateOutcome.InvalidETag;
        }

        var outcomes = writes.Select(write => Apply(session, store, write, now, marksFirstWrite: false)).ToArray();
        return Array.Find(outcomes, outcome => outcome != StateOutcome.Done);
    }

    private static StateOutcome Delete(Session session, string store, StateWrite write, long now)
    {
        if (write.ETag is { } etag && etag != NoVersion && Find(session, store, write.Key, now) is { } held && held.ETag != etag)
        {
            return StateOutcome.Mismatch;
        }

        session.Execute("DELETE FROM state WHERE store = ?1 AND key = ?2", store, write.Key);
        return StateOutcome.Done;
    }

    // Null when the ETag is not a number. With explicit last-write, Redis ignores the ETag.
    private static string? VersionOf(StateWrite write) =>
        write.ETag is null || write.LastWrite ? NoVersion
        : long.TryParse(write.ETag, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var version) ? version.ToString(CultureInfo.InvariantCulture)
        : null;

    private static (string ETag, bool FirstWrite, long? Expires)? Find(Session session, string store, string key, long now)
    {
        using var row = session.Query(
            "SELECT etag, first_write, expires FROM state WHERE store = ?1 AND key = ?2 AND (expires IS NULL OR expires > ?3)", store, key, now);
        return row.Read() ? (row.GetString(0), row.GetInt64(1) == 1, row.IsDBNull(2) ? null : row.GetInt64(2)) : null;
    }
}
