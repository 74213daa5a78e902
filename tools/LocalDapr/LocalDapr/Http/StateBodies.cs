using System.Text.Json;

namespace LocalDapr;

/// <summary>Reads the bodies of the state API's requests.</summary>
internal static class StateBodies
{
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
            using var document = JsonDocument.Parse(body, Json.Options);
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
            using var document = JsonDocument.Parse(body, Json.Options);
            return Json.Field(document.RootElement, "operations") is { ValueKind: JsonValueKind.Array } operations
                ? [.. operations.EnumerateArray().Select(operation => ReadOperation(operation, store, appId, metadata, marshal))]
                : [];
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or FormatException)
        {
            throw new StateWriteException(ApiError.MalformedBody(failure.Message));
        }
    }

    /// <summary>Reads <c>{"keys":[…]}</c>.</summary>
    /// <exception cref="StateWriteException">The body is not that.</exception>
    public static string[] ReadKeys(byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body, Json.Options);
            return Json.Field(document.RootElement, "keys") is { ValueKind: JsonValueKind.Array } keys
                ? [.. keys.EnumerateArray().Select(Json.TextOf)]
                : [];
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            throw new StateWriteException(ApiError.MalformedBody(failure.Message));
        }
    }

    private static StateWrite ReadOperation(
        JsonElement operation, Component store, string appId, Dictionary<string, string> metadata, Func<JsonElement, byte[]> marshal)
    {
        var word = Text(operation, "operation") ?? "";
        var request = Json.Field(operation, "request") is { ValueKind: JsonValueKind.Object } found
            ? found
            : throw new JsonException("an operation has no request");
        return word switch
        {
            "upsert" => ReadSave(request, store, appId, metadata, marshal, ApiError.StateTransaction),
            "delete" => StateWrites.Delete(KeyOf(request, store, appId), Text(request, "etag"), default, ApiError.StateTransaction),
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
        var options = Json.Field(item, "options") is { ValueKind: JsonValueKind.Object } given
            ? new StateOptionWords(Text(given, "concurrency"), Text(given, "consistency"))
            : default;
        var value = Json.Field(item, "value") is { } json ? marshal(json) : [.. "null"u8];
        var timeToLive = Metadata.Find(metadata, "ttlInSeconds")
            ?? (Json.Field(item, "metadata") is { ValueKind: JsonValueKind.Object } own ? Text(own, "ttlInSeconds") : null);
        return StateWrites.Save(key, value, Text(item, "etag"), options, timeToLive, refused);
    }

    private static string KeyOf(JsonElement item, Component store, string appId) => Text(item, "key") is { Length: > 0 } key
        ? StateWrites.KeyOf(key, store, appId)
        : throw new StateWriteException(ApiError.Malformed("\"key\" is a required field"));

    // Text, or nothing, or an error: daprd does not turn other JSON into text either.
    private static string? Text(JsonElement item, string name) => Json.Field(item, name) switch
    {
        null or { ValueKind: JsonValueKind.Null } => null,
        { ValueKind: JsonValueKind.String } text => Json.TextOf(text),
        _ => throw new JsonException($"{name} is not a string"),
    };
}
