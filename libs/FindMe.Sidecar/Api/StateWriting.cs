using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Data.Sqlite;

namespace FindMe.Sidecar;

/// <summary>POST state/{store}, DELETE state/{store}/{key} and POST state/{store}/transaction: body → writes → state table.</summary>
internal sealed class StateWriting(Database database, StoreProfile profile, Interference interference, TimeProvider time)
{
    // The words of daprd's ETag error; callers see them after the store's name.
    private const string Mismatch = "possible etag mismatch. error from state store: the stored etag is another one, or the key exists already";

    /// <summary>Several items are several writes: those that can be done are, and one mismatch makes the answer.</summary>
    public async Task<ApiError?> SaveAsync(AppSide app, Component store, HttpContext context)
    {
        var (writes, error) = await ReadAsync(
            app, context, ApiError.Malformed, body => StateWrites.ReadSaves(body, store, app.AppId, Metadata.Of(context.Request), Marshal));
        return error ?? await ApplyAsync(
            app,
            "save",
            writes,
            (session, now) => StateRules.ApplyEach(session, profile, store.Name, writes, now),
            (status, reason) => ApiError.StateSave(status, store.Name, reason));
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
        return await ApplyAsync(
            app,
            "delete",
            [write],
            (session, now) => StateRules.ApplyEach(session, profile, store.Name, [write], now),
            (status, reason) => ApiError.StateDelete(status, key, reason));
    }

    public async Task<ApiError?> TransactAsync(AppSide app, Component store, HttpContext context)
    {
        var (writes, error) = await ReadAsync(
            app, context, ApiError.MalformedBody, body => StateWrites.ReadTransaction(body, store, app.AppId, Metadata.Of(context.Request), Marshal));
        return error ?? await ApplyAsync(
            app,
            "transaction",
            writes,
            (session, now) => StateRules.ApplyAll(session, profile, store.Name, writes, now),
            (_, reason) => ApiError.StateTransaction(reason));
    }

    private static async Task<(IReadOnlyList<StateWrite> Writes, ApiError? Error)> ReadAsync(
        AppSide app, HttpContext context, Func<string, ApiError> malformed, Func<byte[], IReadOnlyList<StateWrite>> read)
    {
        if (await RequestBody.ReadAsync(app, context.Request, context.RequestAborted) is not { } body)
        {
            app.Traffic.AddState(0);
            return ([], malformed(RequestBody.TooLarge));
        }

        try
        {
            var writes = read(body);
            app.Traffic.AddState(writes.Count);
            return (writes, null);
        }
        catch (StateWriteException failure)
        {
            app.Traffic.AddState(0);
            return ([], failure.Error);
        }
    }

    private byte[] Marshal(JsonElement value) =>
        profile == StoreProfile.Redis ? RedisJson.Marshal(value) : GoJson.Marshal(value, exactNumbers: false);

    private async Task<ApiError?> ApplyAsync(
        AppSide app, string operation, IReadOnlyList<StateWrite> writes, Func<Session, long, StateOutcome> apply, Func<int, string, ApiError> refused) =>
        writes.Count == 0 ? null : await interference.WriteStateAsync(app.AppId, operation, writes, refused, Mismatch, async () =>
        {
            try
            {
                var now = time.GetUtcNow().ToUnixTimeMilliseconds();
                // A deletion is done when nobody can read what was deleted any more, not in the log either.
                return await database.WriteAsync(session => apply(session, now), erases: writes.Any(write => write.Value is null)) switch
                {
                    StateOutcome.Done => null,
                    StateOutcome.Mismatch => refused(409, Mismatch),
                    StateOutcome.InvalidETag => refused(400, "invalid etag value"),
                    _ => refused(500, "no item was updated: the key exists already"),
                };
            }
            catch (SqliteException failure)
            {
                return ApiError.OfDatabase(failure, reason => refused(500, reason));
            }
        });
}
