using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace LocalDapr;

/// <summary>The routes below state/{store}: bodies and headers ↔ items and writes.</summary>
internal sealed class StateRoutes(StateStore states)
{
    public async Task<ApiError?> GetAsync(AppSide app, Component store, string key, HttpContext context)
    {
        var (item, error) = await states.GetAsync(app, store, key);
        if (error is not null)
        {
            return error;
        }

        var response = context.Response;
        if (item is not { } found)
        {
            response.StatusCode = 204;
            return null;
        }

        response.ContentType = "application/json";
        response.ContentLength = found.Value.Length;
        response.Headers.ETag = found.ETag;
        if (found.ExpiryText is { } expires)
        {
            response.Headers["metadata.ttlExpireTime"] = expires;
        }

        await response.Body.WriteAsync(found.Value, context.RequestAborted);
        return null;
    }

    public Task<ApiError?> GetBulkAsync(AppSide app, Component store, HttpContext context) =>
        WithBodyAsync<Keys>(app, context, ApiError.MalformedBody, async body =>
        {
            var keys = body?.All ?? [];
            var (items, error) = await states.GetBulkAsync(app, store, keys);
            if (items is null)
            {
                return error;
            }

            await context.Response.WriteJsonAsync(keys.Zip(items, (key, item) => new
            {
                Key = key,
                Data = item is { Value.Length: > 0 } found ? JsonDocument.Parse(found.Value, Json.Document).RootElement : default(JsonElement?),
                Etag = item?.ETag,
                Metadata = item?.ExpiryText is { } expires ? new { TtlExpireTime = expires } : null,
            }));
            return null;
        });

    public Task<ApiError?> SaveAsync(AppSide app, Component store, HttpContext context) =>
        WithBodyAsync<List<Item?>>(app, context, ApiError.Malformed, items =>
        {
            var metadata = Metadata.Of(context.Request);
            return states.SaveAsync(app, store, [.. (items ?? []).Select(item => SaveOf(app, store, item, metadata, reason => ApiError.StateSave(500, store.Name, reason)))]);
        });

    public Task<ApiError?> TransactAsync(AppSide app, Component store, HttpContext context) =>
        WithBodyAsync<Transaction>(app, context, ApiError.MalformedBody, transaction =>
        {
            var metadata = Metadata.Of(context.Request);
            return states.TransactAsync(app, store, [.. (transaction?.Operations ?? []).Select(operation => (operation?.Name, operation?.Request) switch
            {
                (_, null) => throw new StateWriteException(ApiError.MalformedBody("an operation has no request")),
                ("upsert", var item) => SaveOf(app, store, item, metadata, ApiError.StateTransaction),
                ("delete", var item) => StateWrites.Delete(KeyOf(app, store, item), item.ETag, default, ApiError.StateTransaction),
                var (name, _) => throw new StateWriteException(ApiError.UnknownOperation(name ?? "")),
            })]);
        });

    public async Task<ApiError?> DeleteAsync(AppSide app, Component store, string key, HttpContext context)
    {
        var query = context.Request.Query;
        try
        {
            var write = StateWrites.Delete(
                StateWrites.KeyOf(key, store, app.AppId),
                context.Request.Headers.IfMatch.ToString(),
                new StateWriteOptions(query["concurrency"].ToString(), query["consistency"].ToString()),
                reason => ApiError.StateDelete(500, key, reason));
            return await states.DeleteAsync(app, store, write, key);
        }
        catch (StateWriteException failure)
        {
            app.Traffic.AddState(1);
            return failure.Error;
        }
    }

    private static async Task<ApiError?> WithBodyAsync<T>(AppSide app, HttpContext context, Func<string, ApiError> malformed, Func<T?, Task<ApiError?>> handle)
    {
        ApiError error;
        try
        {
            return await Requests.ReadAsync(app, context.Request) is { } body
                ? await handle(JsonSerializer.Deserialize<T>(body, Json.Options))
                : malformed(Requests.TooLarge);
        }
        catch (StateWriteException failure)
        {
            error = failure.Error;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            error = malformed(failure.Message);
        }

        app.Traffic.AddState(0);
        return error;
    }

    private static StateWrite SaveOf(AppSide app, Component store, Item? item, Dictionary<string, string> metadata, Func<string, ApiError> refused) => StateWrites.Save(
        KeyOf(app, store, item),
        item!.Value.ValueKind == JsonValueKind.Undefined ? [.. "null"u8] : JsonMarshal.GetRawUtf8Value(item.Value).ToArray(),
        item.ETag,
        new StateWriteOptions(item.Options?.Concurrency, item.Options?.Consistency),
        Metadata.Find(metadata, "ttlInSeconds") ?? (item.Metadata is { } own ? Metadata.Find(own, "ttlInSeconds") : null),
        refused);

    private static string KeyOf(AppSide app, Component store, Item? item) => item?.Key is { Length: > 0 } key
        ? StateWrites.KeyOf(key, store, app.AppId)
        : throw new StateWriteException(ApiError.Malformed("\"key\" is a required field"));

    private sealed record Keys([property: System.Text.Json.Serialization.JsonPropertyName("keys")] IReadOnlyList<string>? All);

    private sealed record Item(string? Key, JsonElement Value, string? ETag, Dictionary<string, string>? Metadata, ItemOptions? Options);

    private sealed record ItemOptions(string? Concurrency, string? Consistency);

    private sealed record Transaction(IReadOnlyList<Operation?>? Operations);

    private sealed record Operation([property: System.Text.Json.Serialization.JsonPropertyName("operation")] string? Name, Item? Request);
}
