using System.Text.Json;

namespace FindMe.Sidecar;

/// <summary>A body of the state API that is not taken.</summary>
internal sealed class StateWriteException(ApiError error) : Exception(error.Message)
{
    public ApiError Error { get; } = error;
}

/// <summary>Reads the bodies of save and transaction requests.</summary>
internal static class StateWrites
{
    public static bool IsIllegal(string key) => key.Contains("||", StringComparison.Ordinal);

    /// <summary>What is wrong with the words of the options; null when nothing is.</summary>
    public static string? UnknownOption(string? concurrency, string? consistency) =>
        concurrency is not (null or "" or "first-write" or "last-write") ? $"unrecognized value for concurrency: {concurrency}"
        : consistency is not (null or "" or "strong" or "eventual") ? $"unrecognized value for consistency: {consistency}"
        : null;

    /// <summary>Reads <c>[{"key","value","etag","metadata","options"}]</c>.</summary>
    /// <param name="body">The request's body.</param>
    /// <param name="store">The component, for its key prefix and in errors.</param>
    /// <param name="appId">The caller, for the key prefix.</param>
    /// <param name="metadata">The request's metadata, which wins over an item's.</param>
    /// <param name="marshal">How the store writes a value.</param>
    /// <exception cref="StateWriteException">The body is not that.</exception>
    public static IReadOnlyList<StateWrite> ReadSaves(
        byte[] body, Component store, string appId, Dictionary<string, string> metadata, Func<JsonElement, byte[]> marshal)
    {
        try
        {
            using var document = JsonDocument.Parse(body, GoJson.Options);
            if (document.RootElement.ValueKind is JsonValueKind.Null)
            {
                return [];
            }

            return [.. document.RootElement.EnumerateArray().Select(item => ReadSave(item, store, appId, metadata, marshal, Refused))];
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or FormatException)
        {
            throw new StateWriteException(ApiError.Malformed(failure.Message));
        }

        ApiError Refused(string reason) => ApiError.StateSave(500, store.Name, reason);
    }

    /// <summary>Reads <c>{"operations":[{"operation":"upsert","request":{…}}]}</c>; parameters as for <see cref="ReadSaves"/>.</summary>
    /// <exception cref="StateWriteException">The body is not that.</exception>
    public static IReadOnlyList<StateWrite> ReadTransaction(
        byte[] body, Component store, string appId, Dictionary<string, string> metadata, Func<JsonElement, byte[]> marshal)
    {
        try
        {
            using var document = JsonDocument.Parse(body, GoJson.Options);
            return GoJson.Field(document.RootElement, "operations") is { ValueKind: JsonValueKind.Array } operations
                ? [.. operations.EnumerateArray().Select(operation => ReadOperation(operation, store, appId, metadata, marshal))]
                : [];
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or FormatException)
        {
            throw new StateWriteException(ApiError.MalformedBody(failure.Message));
        }
    }

    private static StateWrite ReadOperation(
        JsonElement operation, Component store, string appId, Dictionary<string, string> metadata, Func<JsonElement, byte[]> marshal)
    {
        var word = Text(operation, "operation") ?? "";
        var request = GoJson.Field(operation, "request") is { ValueKind: JsonValueKind.Object } found
            ? found
            : throw new JsonException("an operation has no request");
        return word switch
        {
            "upsert" => ReadSave(request, store, appId, metadata, marshal, ApiError.StateTransaction),
            "delete" => new StateWrite(KeyOf(request, store, appId), null, Text(request, "etag") is { Length: > 0 } etag ? etag : null, false, null),
            _ => throw new StateWriteException(ApiError.UnknownOperation(word)),
        };
    }

    private static StateWrite ReadSave(
        JsonElement item,
        Component store,
        string appId,
        Dictionary<string, string> metadata,
        Func<JsonElement, byte[]> marshal,
        Func<string, ApiError> refused)
    {
        var key = KeyOf(item, store, appId);
        var options = GoJson.Field(item, "options") is { ValueKind: JsonValueKind.Object } found ? found : default(JsonElement?);
        var concurrency = options is { } given ? Text(given, "concurrency") : null;
        if (UnknownOption(concurrency, options is { } also ? Text(also, "consistency") : null) is { } unknown)
        {
            throw new StateWriteException(refused(unknown));
        }

        var etag = Text(item, "etag") is { Length: > 0 } text ? text : null;
        var value = GoJson.Field(item, "value") is { } json ? marshal(json) : [.. "null"u8];
        return new StateWrite(key, value, etag, concurrency == "first-write", TimeToLive(item, metadata, refused), concurrency == "last-write");
    }

    private static string KeyOf(JsonElement item, Component store, string appId)
    {
        var key = Text(item, "key");
        return string.IsNullOrEmpty(key) ? throw new StateWriteException(ApiError.Malformed("\"key\" is a required field"))
            : IsIllegal(key) ? throw new StateWriteException(ApiError.IllegalKey(store.Name, key))
            : store.PrefixOf(appId) + key;
    }

    private static TimeSpan? TimeToLive(JsonElement item, Dictionary<string, string> metadata, Func<string, ApiError> refused)
    {
        var text = Metadata.Find(metadata, "ttlInSeconds")
            ?? (GoJson.Field(item, "metadata") is { ValueKind: JsonValueKind.Object } own ? Text(own, "ttlInSeconds") : null);
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        // −1 and 0 mean for good, as in daprd's SQLite store.
        return int.TryParse(text, out var seconds)
            ? TimeSpan.FromSeconds(Math.Max(0, seconds))
            : throw new StateWriteException(refused("incorrect value for metadata 'ttlInSeconds': it is not a number of seconds"));
    }

    // Text, or nothing, or an error: daprd does not turn other JSON into text either.
    private static string? Text(JsonElement item, string name) => GoJson.Field(item, name) switch
    {
        null or { ValueKind: JsonValueKind.Null } => null,
        { ValueKind: JsonValueKind.String } text => GoJson.TextOf(text),
        _ => throw new JsonException($"{name} is not a string"),
    };
}
