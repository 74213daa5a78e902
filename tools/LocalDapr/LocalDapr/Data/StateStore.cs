namespace LocalDapr;

/// <summary>What came of a write.</summary>
internal enum StateOutcome
{
    /// <summary>Written.</summary>
    Done,

    /// <summary>The ETag or the first-write condition does not hold: 409.</summary>
    Mismatch,

    /// <summary>The ETag is none of this store: 400.</summary>
    InvalidETag,

    /// <summary>The store answered with an error that daprd does not take for a conflict: 500.</summary>
    Failed,
}

/// <summary>Reads and writes of the state API, whatever transport they came over.</summary>
internal sealed class StateStore(Database database, SidecarOptions options)
{
    // The words of daprd's ETag error; callers see them after the store's name.
    private const string Mismatch = "possible etag mismatch. error from state store: the stored etag is another one, or the key exists already";

    /// <summary>The item of a key; null where there is none.</summary>
    public async Task<(StateItem? Item, ApiError? Error)> GetAsync(AppSide app, Component store, string key)
    {
        var (items, error) = await ReadAsync(app, "get", store, [key], reason => ApiError.StateGet(store.Name, key, reason));
        return (items?[0], error);
    }

    /// <summary>The items of several keys, in their order; null where there is none. One snapshot is not promised, as it is not by the stores behind daprd.</summary>
    public Task<(StateItem?[]? Items, ApiError? Error)> GetBulkAsync(AppSide app, Component store, IReadOnlyList<string> keys) =>
        ReadAsync(app, "bulk get", store, keys, ApiError.StateBulkGet);

    /// <summary>Several items are several writes: those that can be done are, and one mismatch makes the answer.</summary>
    public Task<ApiError?> SaveAsync(AppSide app, Component store, IReadOnlyList<StateWrite> writes) =>
        WriteAsync(app, "save", store, writes, (status, reason) => ApiError.StateSave(status, store.Name, reason));

    /// <summary>Deletes one key; <paramref name="key"/> is as the caller named it.</summary>
    public Task<ApiError?> DeleteAsync(AppSide app, Component store, StateWrite write, string key) =>
        WriteAsync(app, "delete", store, [write], (status, reason) => ApiError.StateDelete(status, key, reason));

    /// <summary>Deletes several keys: those that can be deleted are, and one mismatch makes the answer.</summary>
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
            // A deletion is done when nobody can read what was deleted any more, not in the log either.
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

    // Each write that can be done is. The first that meets an ETag error decides the answer, else the first that failed.
    private StateOutcome ApplyEach(Session session, string store, IReadOnlyList<StateWrite> writes, long now)
    {
        var outcomes = writes.Select(write => options.Rules.Apply(session, store, write, now)).ToArray();
        var refusal = Array.Find(outcomes, outcome => outcome is StateOutcome.Mismatch or StateOutcome.InvalidETag);
        return refusal != StateOutcome.Done ? refusal : outcomes.Contains(StateOutcome.Failed) ? StateOutcome.Failed : StateOutcome.Done;
    }
}
