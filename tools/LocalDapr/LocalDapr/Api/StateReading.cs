using Microsoft.Data.Sqlite;

namespace LocalDapr;

/// <summary>Reads one key, or several: what is stored, with its ETag.</summary>
internal sealed class StateReading(Database database, StoreProfile profile, ISidecarInterceptor? interceptor, TimeProvider time)
{
    /// <summary>The item of a key; null where there is none.</summary>
    public async Task<(StateItem? Item, ApiError? Error)> GetAsync(AppSide app, Component store, string key)
    {
        app.Traffic.AddState(1);
        if (StateWrites.IsIllegal(key))
        {
            return (null, ApiError.IllegalKey(store.Name, key));
        }

        return await ReadAsync(
            () => new SidecarCall(app.AppId, CallKind.StateRead, "get", key),
            (session, now) => Find(session, store.Name, store.PrefixOf(app.AppId) + key, now),
            reason => ApiError.StateGet(store.Name, key, reason));
    }

    /// <summary>The items of several keys, in their order; null where there is none. One snapshot is not promised, as it is not by the stores behind daprd.</summary>
    public async Task<(StateItem?[]? Items, ApiError? Error)> GetBulkAsync(AppSide app, Component store, IReadOnlyList<string> keys)
    {
        app.Traffic.AddState(keys.Count);
        if (keys.FirstOrDefault(StateWrites.IsIllegal) is { } illegal)
        {
            return (null, ApiError.IllegalKey(store.Name, illegal));
        }

        var prefix = store.PrefixOf(app.AppId);
        return await ReadAsync(
            () => new SidecarCall(app.AppId, CallKind.StateRead, "bulk get", string.Join(',', keys)),
            (session, now) => keys.Select(key => Find(session, store.Name, prefix + key, now)).ToArray(),
            ApiError.StateBulkGet);
    }

    private async Task<(T? Found, ApiError? Error)> ReadAsync<T>(Func<SidecarCall> call, Func<Session, long, T> read, Func<string, ApiError> failed)
    {
        T? found = default;
        if (interceptor is null)
        {
            var error = Read();
            return (found, error);
        }

        var result = await interceptor.CallAsync(call(), () => Task.FromResult(CallResult.Of(Read())));
        return (found, result.ErrorOf(failed, null));

        ApiError? Read()
        {
            try
            {
                var now = time.GetUtcNow().ToUnixTimeMilliseconds();
                found = database.Read(session => read(session, now));
                return null;
            }
            catch (SqliteException failure)
            {
                return ApiError.OfDatabase(failure, failed);
            }
        }
    }

    // Redis has an expiry, but tells nobody.
    private StateItem? Find(Session session, string store, string key, long now) =>
        StateTable.Get(session, store, key, now) is { } item ? item with { Expires = profile == StoreProfile.Redis ? null : item.Expires } : null;
}
