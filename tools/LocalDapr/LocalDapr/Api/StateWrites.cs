namespace LocalDapr;

/// <summary>A write request to the state API is invalid.</summary>
internal sealed class StateWriteException(ApiError error) : Exception(error.Message)
{
    public ApiError Error { get; } = error;
}

/// <summary>The concurrency and consistency of a write, as strings of the HTTP API; null or empty for the default.</summary>
internal readonly record struct StateWriteOptions(string? Concurrency, string? Consistency);

/// <summary>Creates and validates the writes of a request.</summary>
internal static class StateWrites
{
    public const string FirstWrite = "first-write";
    public const string LastWrite = "last-write";

    public static bool IsIllegal(string key) => key.Contains("||", StringComparison.Ordinal);

    /// <summary>Creates a save.</summary>
    /// <param name="key">The key with its prefix.</param>
    /// <param name="value">The bytes to store.</param>
    /// <param name="etag">The ETag the key must have; null or empty for none.</param>
    /// <param name="options">Concurrency and consistency.</param>
    /// <param name="timeToLive">The time to live in seconds; null or empty for none given.</param>
    /// <param name="refused">Creates the error for a reason.</param>
    /// <exception cref="StateWriteException">The options or the time to live are invalid.</exception>
    public static StateWrite Save(string key, byte[] value, string? etag, StateWriteOptions options, string? timeToLive, Func<string, ApiError> refused)
    {
        Check(options, refused);
        TimeSpan? lives = null;
        if (!string.IsNullOrEmpty(timeToLive))
        {
            // −1 and 0 mean no expiry, as in daprd's SQLite store.
            lives = int.TryParse(timeToLive, out var seconds)
                ? TimeSpan.FromSeconds(Math.Max(0, seconds))
                : throw new StateWriteException(refused("incorrect value for metadata 'ttlInSeconds': it is not a number of seconds"));
        }

        return new StateWrite(key, value, OrNull(etag), options.Concurrency == FirstWrite, lives, options.Concurrency == LastWrite);
    }

    /// <summary>Creates a deletion; for the parameters see <see cref="Save"/>.</summary>
    /// <exception cref="StateWriteException">The options are invalid.</exception>
    public static StateWrite Delete(string key, string? etag, StateWriteOptions options, Func<string, ApiError> refused)
    {
        Check(options, refused);
        return new StateWrite(key, null, OrNull(etag), false, null);
    }

    /// <summary>Returns the stored key: the caller's key with its prefix.</summary>
    /// <exception cref="StateWriteException">The key contains <c>||</c>.</exception>
    public static string KeyOf(string key, Component store, string appId) => IsIllegal(key)
        ? throw new StateWriteException(ApiError.IllegalKey(store.Name, key))
        : store.PrefixOf(appId) + key;

    private static void Check(StateWriteOptions options, Func<string, ApiError> refused)
    {
        if (options.Concurrency is not (null or "" or FirstWrite or LastWrite))
        {
            throw new StateWriteException(refused($"unrecognized value for concurrency: {options.Concurrency}"));
        }

        if (options.Consistency is not (null or "" or "strong" or "eventual"))
        {
            throw new StateWriteException(refused($"unrecognized value for consistency: {options.Consistency}"));
        }
    }

    private static string? OrNull(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
