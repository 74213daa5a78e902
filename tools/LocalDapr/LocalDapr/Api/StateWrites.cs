namespace LocalDapr;

/// <summary>A write of the state API that is not taken.</summary>
internal sealed class StateWriteException(ApiError error) : Exception(error.Message)
{
    public ApiError Error { get; } = error;
}

/// <summary>The concurrency and the consistency that a write asks for, in the words of the HTTP API; null or empty for none.</summary>
internal readonly record struct StateOptionWords(string? Concurrency, string? Consistency);

/// <summary>Makes writes of what a request says, and refuses what makes no sense.</summary>
internal static class StateWrites
{
    public const string FirstWrite = "first-write";
    public const string LastWrite = "last-write";

    public static bool IsIllegal(string key) => key.Contains("||", StringComparison.Ordinal);

    /// <summary>A save.</summary>
    /// <param name="key">The key, with its prefix.</param>
    /// <param name="value">The bytes to store.</param>
    /// <param name="etag">The ETag the key must have; null or empty for none.</param>
    /// <param name="options">Concurrency and consistency.</param>
    /// <param name="timeToLive">Seconds as text; null or empty where the request says nothing.</param>
    /// <param name="refused">Makes the error of a reason.</param>
    /// <exception cref="StateWriteException">The options or the time to live make no sense.</exception>
    public static StateWrite Save(string key, byte[] value, string? etag, StateOptionWords options, string? timeToLive, Func<string, ApiError> refused)
    {
        Check(options, refused);
        TimeSpan? lives = null;
        if (!string.IsNullOrEmpty(timeToLive))
        {
            // −1 and 0 mean for good, as in daprd's SQLite store.
            lives = int.TryParse(timeToLive, out var seconds)
                ? TimeSpan.FromSeconds(Math.Max(0, seconds))
                : throw new StateWriteException(refused("incorrect value for metadata 'ttlInSeconds': it is not a number of seconds"));
        }

        return new StateWrite(key, value, OrNull(etag), options.Concurrency == FirstWrite, lives, options.Concurrency == LastWrite);
    }

    /// <summary>A deletion; parameters as for <see cref="Save"/>.</summary>
    /// <exception cref="StateWriteException">The options make no sense.</exception>
    public static StateWrite Delete(string key, string? etag, StateOptionWords options, Func<string, ApiError> refused)
    {
        Check(options, refused);
        return new StateWrite(key, null, OrNull(etag), false, null);
    }

    /// <summary>The stored key, with its prefix.</summary>
    /// <exception cref="StateWriteException">The key holds two bars.</exception>
    public static string KeyOf(string key, Component store, string appId) => IsIllegal(key)
        ? throw new StateWriteException(ApiError.IllegalKey(store.Name, key))
        : store.PrefixOf(appId) + key;

    private static void Check(StateOptionWords options, Func<string, ApiError> refused)
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
