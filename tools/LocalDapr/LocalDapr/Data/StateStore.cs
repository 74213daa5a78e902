namespace LocalDapr;

/// <summary>The result of a write.</summary>
internal enum StateOutcome
{
    /// <summary>Written.</summary>
    Done,

    /// <summary>The ETag or the first-write condition does not hold: 409.</summary>
    Mismatch,

    /// <summary>The ETag is not valid for this store: 400.</summary>
    InvalidETag,

    /// <summary>The store returned an error that daprd does not treat as a conflict: 500.</summary>
    Failed,
}

/// <summary>Serves the state API, for both HTTP and gRPC.</summary>
internal sealed class StateStore(Database database, SidecarOptions options)
{
    // daprd's ETag error, which follows the store's name in responses.
    private const string Mismatch = "possible etag mismatch. error from state store: the stored etag is another one, or the key exists already";

    /// <summary>Reads the item of a key; null when the key does not exist.</summary>
    public async Task<(StateItem? Item, ApiError? Error)> GetAsync(AppSide app, Component store, string key)
    {
        var (items, error) = await ReadAsync(app, "get", store, [key], reason => ApiError.StateGet(store.Name, key, reason));
        return (items?[0], error);
    }

    /// <summary>Reads the items of several keys, in their order; null for a missing key. As in daprd, the items may come from different snapshots.</summary>
    public Task<(StateItem?[]? Items, ApiError? Error)> GetBulkAsync(AppSide app, Component store, IReadOnlyList<string> keys) =>
        ReadAsync(app, "bulk get", store, keys, ApiError.StateBulkGet);

    /// <summary>Saves items independently: one failure does not prevent the others, and the result is the first mismatch.</summary>
    public Task<ApiError?> SaveAsync(AppSide app, Component store, IReadOnlyList<StateWrite> writes) =>
        WriteAsync(app, "save", store, writes, (status, reason) => ApiError.StateSave(status, store.Name, reason));

    /// <summary>Deletes one key; <paramref name="key"/> is the caller's key without prefix.</summary>
    public Task<ApiError?> DeleteAsync(AppSide app, Component store, StateWrite write, string key) =>
        WriteAsync(app, "delete", store, [write], (status, reason) => ApiError.StateDelete(status, key, reason));

    /// <summary>Deletes keys independently: one failure does not prevent the others, and the result is the first mismatch.</summary>
    public Task<ApiError?> DeleteBulkAsync(AppSide app, Component store, IReadOnlyList<StateWrite> writes) =>
        WriteAsync(app, "bulk delete", store, writes, (status, reason) => ApiError.StateBulkDelete(status, store.Name, reason));

    /// <summary>Writes all or nothing.</summary>
    public Task<ApiError?> TransactAsync(AppSide app, Component store, IReadOnlyList<StateWrite> writes) =>
        WriteAsync(app, "transaction", store, writes, (_, reason) => ApiError.StateTransaction(reason), isTransaction: true);

    private async Task<(StateItem?[]? Items, ApiError? Error)> ReadAsync(
        AppSide app, string operation, Component store, IReadOnlyList<string> keys, Func<string, ApiError> failed)
    {
        app.Traffic.AddState(keys.Count);
        if (keys.FirstOrDefault(StateWrites.IsIllegal) is { } illegal)
        {
            return (null, ApiError.IllegalKey(store.Name, illegal));
        }

        StateItem?[]? items = null;
        var call = new SidecarCall(app.AppId, CallKind.StateRead, operation, string.Join(',', keys)) { Failed = failed };
        var error = await call.InterceptAsync(options.Interceptor, () =>
        {
            var (prefix, now) = (store.PrefixOf(app.AppId), Now);
            items = database.Read(session => keys.Select(key => StateTable.Get(session, store.Name, prefix + key, now)).ToArray());
            return Task.FromResult<ApiError?>(null);
        });
        if (!options.Rules.TellsExpiry)
        {
            items = items?.Select(item => item is { } found ? found with { Expires = null } : item).ToArray();
        }

        return (items, error);
    }

    private async Task<ApiError?> WriteAsync(
        AppSide app, string operation, Component store, IReadOnlyList<StateWrite> writes, Func<int, string, ApiError> refused, bool isTransaction = false)
    {
        app.Traffic.AddState(writes.Count);
        if (writes.Count == 0)
        {
            return null;
        }

        var keys = string.Join(',', writes.Select(write => write.Key));
        var call = new SidecarCall(app.AppId, CallKind.StateWrite, operation, keys, writes.Any(write => write.IsConditional))
        {
            Failed = reason => refused(500, reason),
            Conflict = () => refused(409, Mismatch),
        };
        return await call.InterceptAsync(options.Interceptor, async () =>
        {
            var now = Now;
            // A deletion is complete only when the deleted data is unreadable, also in the log.
            var outcome = await database.WriteAsync(
                session => isTransaction ? options.Rules.ApplyAll(session, store.Name, writes, now) : ApplyEach(session, store.Name, writes, now),
                erases: writes.Any(write => write.Value is null));
            return outcome switch
            {
                StateOutcome.Done => null,
                StateOutcome.Mismatch => call.Conflict(),
                StateOutcome.InvalidETag => refused(400, "invalid etag value"),
                _ => call.Failed("no item was updated: the key exists already"),
            };
        });
    }

    private long Now => options.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds();

    // Applies every write that it can. Returns the first ETag error, else the first failure.
    private StateOutcome ApplyEach(Session session, string store, IReadOnlyList<StateWrite> writes, long now)
    {
        var outcomes = writes.Select(write => options.Rules.Apply(session, store, write, now)).ToArray();
        var refusal = Array.Find(outcomes, outcome => outcome is StateOutcome.Mismatch or StateOutcome.InvalidETag);
        return refusal != StateOutcome.Done ? refusal : outcomes.Contains(StateOutcome.Failed) ? StateOutcome.Failed : StateOutcome.Done;
    }
}
