using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Data.Sqlite;

namespace FindMe.Sidecar;

/// <summary>The state API: get, save, delete, bulk get and transactions over the state table.</summary>
internal sealed class StateApi(Database database, TimeProvider time)
{
    // The words of daprd's ETag error; callers see them after the store's name.
    private const string Mismatch = "possible etag mismatch. error from state store: the stored etag is another one, or the key exists already";

    public async Task<ApiError?> GetAsync(AppSide app, Component store, string key, HttpContext context)
    {
        app.Traffic.AddState(1);
        if (StateWrites.IsIllegal(key))
        {
            return ApiError.IllegalKey(store.Name, key);
        }

        StateItem? item;
        try
        {
            item = Read(store, store.PrefixOf(app.AppId) + key);
        }
        catch (SqliteException failure)
        {
            return ApiError.StateGet(store.Name, key, failure.Message);
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
        if (found.Expires is { } expires)
        {
            response.Headers["metadata.ttlExpireTime"] = ExpiryOf(expires);
        }

        await response.Body.WriteAsync(found.Value, context.RequestAborted);
        return null;
    }

    public async Task<ApiError?> SaveAsync(AppSide app, Component store, HttpContext context)
    {
        if (await RequestBody.ReadAsync(context.Request, context.RequestAborted) is not { } body)
        {
            app.Traffic.AddState(0);
            return ApiError.Malformed(RequestBody.TooLarge);
        }

        IReadOnlyList<StateWrite> writes;
        try
        {
            writes = StateWrites.ReadSaves(body, store, app.AppId, Metadata.Of(context.Request));
        }
        catch (StateWriteException failure)
        {
            app.Traffic.AddState(0);
            return failure.Error;
        }

        app.Traffic.AddState(writes.Count);
        if (writes.Count == 0)
        {
            return null;
        }

        try
        {
            var now = Now();
            // Several items are several writes: those that can be done are, and one mismatch makes the answer.
            var saved = await database.WriteAsync(session => writes.Select(write => StateTable.Apply(session, store.Name, write, now)).ToArray());
            return saved.All(done => done) ? null : ApiError.StateSave(409, store.Name, Mismatch);
        }
        catch (SqliteException failure)
        {
            return ApiError.StateSave(500, store.Name, failure.Message);
        }
    }

    public async Task<ApiError?> DeleteAsync(AppSide app, Component store, string key, HttpContext context)
    {
        app.Traffic.AddState(1);
        if (StateWrites.IsIllegal(key))
        {
            return ApiError.IllegalKey(store.Name, key);
        }

        var query = context.Request.Query;
        if (StateWrites.UnknownOption(query["concurrency"].ToString(), query["consistency"].ToString()) is { } unknown)
        {
            return ApiError.StateDelete(500, key, unknown);
        }

        var etag = context.Request.Headers.IfMatch.ToString();
        var write = new StateWrite(store.PrefixOf(app.AppId) + key, null, etag.Length > 0 ? etag : null, false, null);
        try
        {
            var now = Now();
            return await database.WriteAsync(session => StateTable.Apply(session, store.Name, write, now))
                ? null
                : ApiError.StateDelete(409, key, Mismatch);
        }
        catch (SqliteException failure)
        {
            return ApiError.StateDelete(500, key, failure.Message);
        }
    }

    public async Task<ApiError?> BulkGetAsync(AppSide app, Component store, HttpContext context)
    {
        if (await RequestBody.ReadAsync(context.Request, context.RequestAborted) is not { } body)
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

        var output = new ArrayBufferWriter<byte>(1024);
        output.Write("["u8);
        try
        {
            var prefix = store.PrefixOf(app.AppId);
            var now = Now();
            // One reader for all keys; one snapshot is not promised, as it is not by the stores behind daprd.
            database.Read(session =>
            {
                for (var i = 0; i < keys.Length; i++)
                {
                    output.Write(i == 0 ? default : ","u8);
                    WriteItem(output, keys[i], StateTable.Get(session, store.Name, prefix + keys[i], now));
                }

                return keys.Length;
            });
        }
        catch (SqliteException failure)
        {
            return ApiError.StateBulkGet(failure.Message);
        }

        output.Write("]\n"u8);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = output.WrittenCount;
        await context.Response.Body.WriteAsync(output.WrittenMemory, context.RequestAborted);
        return null;
    }

    public async Task<ApiError?> TransactAsync(AppSide app, Component store, HttpContext context)
    {
        if (await RequestBody.ReadAsync(context.Request, context.RequestAborted) is not { } body)
        {
            app.Traffic.AddState(0);
            return ApiError.MalformedBody(RequestBody.TooLarge);
        }

        IReadOnlyList<StateWrite> writes;
        try
        {
            writes = StateWrites.ReadTransaction(body, store, app.AppId, Metadata.Of(context.Request));
        }
        catch (StateWriteException failure)
        {
            app.Traffic.AddState(0);
            return failure.Error;
        }

        app.Traffic.AddState(writes.Count);
        try
        {
            var now = Now();
            return writes.Count == 0 || await database.WriteAsync(session => StateTable.ApplyAll(session, store.Name, writes, now))
                ? null
                : ApiError.StateTransaction(Mismatch);
        }
        catch (SqliteException failure)
        {
            return ApiError.StateTransaction(failure.Message);
        }
    }

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

    private StateItem? Read(Component store, string key)
    {
        var now = Now();
        return database.Read(session => StateTable.Get(session, store.Name, key, now));
    }

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();
}
