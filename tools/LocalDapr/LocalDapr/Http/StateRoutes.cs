using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace LocalDapr;

/// <summary>The routes below state/{store}: bodies and headers ↔ items and writes.</summary>
internal sealed class StateRoutes(StateReading reading, StateWriting writing)
{
    public async Task<ApiError?> GetAsync(AppSide app, Component store, string key, HttpContext context)
    {
        var (item, error) = await reading.GetAsync(app, store, key);
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
        WithBodyAsync(app, context, ApiError.MalformedBody, StateBodies.ReadKeys, async keys =>
        {
            var (items, error) = await reading.GetBulkAsync(app, store, keys);
            if (items is null)
            {
                return error;
            }

            var output = new ArrayBufferWriter<byte>(1024);
            using (var json = new Utf8JsonWriter(output))
            {
                json.WriteStartArray();
                foreach (var (key, item) in keys.Zip(items))
                {
                    Write(json, key, item);
                }

                json.WriteEndArray();
            }

            context.Response.ContentType = "application/json";
            context.Response.ContentLength = output.WrittenCount;
            await context.Response.Body.WriteAsync(output.WrittenMemory, context.RequestAborted);
            return null;
        });

    public Task<ApiError?> SaveAsync(AppSide app, Component store, HttpContext context) => WithBodyAsync(
        app,
        context,
        ApiError.Malformed,
        body => StateBodies.ReadSaves(body, store, app.AppId, Metadata.Of(context.Request), Marshal),
        writes => writing.SaveAsync(app, store, writes));

    public Task<ApiError?> TransactAsync(AppSide app, Component store, HttpContext context) => WithBodyAsync(
        app,
        context,
        ApiError.MalformedBody,
        body => StateBodies.ReadTransaction(body, store, app.AppId, Metadata.Of(context.Request), Marshal),
        writes => writing.TransactAsync(app, store, writes));

    public async Task<ApiError?> DeleteAsync(AppSide app, Component store, string key, HttpContext context)
    {
        var query = context.Request.Query;
        try
        {
            var write = StateWrites.Delete(
                StateWrites.KeyOf(key, store, app.AppId),
                context.Request.Headers.IfMatch.ToString(),
                new StateOptionWords(query["concurrency"].ToString(), query["consistency"].ToString()),
                reason => ApiError.StateDelete(500, key, reason));
            return await writing.DeleteAsync(app, store, write, key);
        }
        catch (StateWriteException failure)
        {
            app.Traffic.AddState(1);
            return failure.Error;
        }
    }

    private static async Task<ApiError?> WithBodyAsync<T>(
        AppSide app, HttpContext context, Func<string, ApiError> malformed, Func<byte[], T> read, Func<T, Task<ApiError?>> handle)
    {
        if (await RequestBody.ReadAsync(app, context.Request, context.RequestAborted) is not { } body)
        {
            app.Traffic.AddState(0);
            return malformed(RequestBody.TooLarge);
        }

        T request;
        try
        {
            request = read(body);
        }
        catch (StateWriteException failure)
        {
            app.Traffic.AddState(0);
            return failure.Error;
        }

        return await handle(request);
    }

    private static void Write(Utf8JsonWriter json, string key, StateItem? item)
    {
        json.WriteStartObject();
        json.WriteString("key", key);
        if (item is { } found)
        {
            if (found.Value.Length > 0)
            {
                json.WritePropertyName("data");
                json.WriteRawValue(found.Value, skipInputValidation: true);
            }

            json.WriteString("etag", found.ETag);
            if (found.ExpiryText is { } expires)
            {
                json.WriteStartObject("metadata");
                json.WriteString("ttlExpireTime", expires);
                json.WriteEndObject();
            }
        }

        json.WriteEndObject();
    }

    private static byte[] Marshal(JsonElement value) => Json.Marshal(value, exactNumbers: false);
}
