using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Data.Sqlite;

namespace FindMe.Sidecar;

/// <summary>GET state/{store}/{key} and POST state/{store}/bulk: what is stored, with its ETag.</summary>
internal sealed class StateReading(Database database, StoreProfile profile, Interference interference, TimeProvider time)
{
    public async Task<ApiError?> GetAsync(AppSide app, Component store, string key, HttpContext context)
    {
        app.Traffic.AddState(1);
        if (StateWrites.IsIllegal(key))
        {
            return ApiError.IllegalKey(store.Name, key);
        }

        return await interference.ReadStateAsync(app.AppId, Failed, async () =>
        {
            StateItem? item;
            try
            {
                var now = Now();
                item = database.Read(session => Find(session, store.Name, store.PrefixOf(app.AppId) + key, now));
            }
            catch (SqliteException failure)
            {
                return ApiError.OfDatabase(failure, Failed);
            }

            await AnswerAsync(context, item);
            return null;
        });

        ApiError Failed(string reason) => ApiError.StateGet(store.Name, key, reason);
    }

    public async Task<ApiError?> BulkGetAsync(AppSide app, Component store, HttpContext context)
    {
        if (await RequestBody.ReadAsync(app, context.Request, context.RequestAborted) is not { } body)
        {
            app.Traffic.AddState(0);
            return ApiError.MalformedBody(RequestBody.TooLarge);
        }

        string[] keys;
        try
        {
            keys = KeysOf(body);
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            app.Traffic.AddState(0);
            return ApiError.MalformedBody(failure.Message);
        }

        app.Traffic.AddState(keys.Length);
        if (Array.Find(keys, StateWrites.IsIllegal) is { } illegal)
        {
            return ApiError.IllegalKey(store.Name, illegal);
        }

        return await interference.ReadStateAsync(app.AppId, ApiError.StateBulkGet, async () =>
        {
            ArrayBufferWriter<byte> output;
            try
            {
                output = Read(store, store.PrefixOf(app.AppId), keys);
            }
            catch (SqliteException failure)
            {
                return ApiError.OfDatabase(failure, ApiError.StateBulkGet);
            }

            context.Response.ContentType = "application/json";
            context.Response.ContentLength = output.WrittenCount;
            await context.Response.Body.WriteAsync(output.WrittenMemory, context.RequestAborted);
            return null;
        });
    }

    private static async Task AnswerAsync(HttpContext context, StateItem? item)
    {
        var response = context.Response;
        if (item is not { } found)
        {
            response.StatusCode = 204;
            return;
        }

        response.ContentType = "application/json";
        response.ContentLength = found.Value.Length;
        response.Headers.ETag = found.ETag;
        if (found.Expires is { } expires)
        {
            response.Headers["metadata.ttlExpireTime"] = ExpiryOf(expires);
        }

        await response.Body.WriteAsync(found.Value, context.RequestAborted);
    }

    // One reader for all keys; one snapshot is not promised, as it is not by the stores behind daprd.
    private ArrayBufferWriter<byte> Read(Component store, string prefix, string[] keys)
    {
        var output = new ArrayBufferWriter<byte>(1024);
        var now = Now();
        return database.Read(session =>
        {
            output.Write("["u8);
            for (var i = 0; i < keys.Length; i++)
            {
                output.Write(i == 0 ? default : ","u8);
                WriteItem(output, keys[i], Find(session, store.Name, prefix + keys[i], now));
            }

            output.Write("]\n"u8);
            return output;
        });
    }

    // Redis has an expiry, but tells nobody.
    private StateItem? Find(Session session, string store, string key, long now) =>
        StateTable.Get(session, store, key, now) is { } item ? item with { Expires = profile == StoreProfile.Redis ? null : item.Expires } : null;

    private static string[] KeysOf(byte[] body)
    {
        using var document = JsonDocument.Parse(body, GoJson.Options);
        return GoJson.Field(document.RootElement, "keys") is { ValueKind: JsonValueKind.Array } keys
            ? [.. keys.EnumerateArray().Select(GoJson.TextOf)]
            : [];
    }

    private static void WriteItem(ArrayBufferWriter<byte> output, string key, StateItem? item)
    {
        output.Write("{\"key\":"u8);
        GoJson.WriteString(output, key);
        if (item is { } found)
        {
            output.Write(",\"data\":"u8);
            output.Write(found.Value);
            output.Write(",\"etag\":"u8);
            GoJson.WriteString(output, found.ETag);
            if (found.Expires is { } expires)
            {
                output.Write(",\"metadata\":{\"ttlExpireTime\":"u8);
                GoJson.WriteString(output, ExpiryOf(expires));
                output.Write("}"u8);
            }
        }

        output.Write("}"u8);
    }

    private static string ExpiryOf(long expires) => CloudEvents.Rfc3339(DateTimeOffset.FromUnixTimeMilliseconds(expires));

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();
}
