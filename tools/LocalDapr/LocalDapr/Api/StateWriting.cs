using Microsoft.Data.Sqlite;

namespace LocalDapr;

/// <summary>Saves, deletions and transactions → state table.</summary>
internal sealed class StateWriting(Database database, StoreProfile profile, ISidecarInterceptor? interceptor, TimeProvider time)
{
    // The words of daprd's ETag error; callers see them after the store's name.
    private const string Mismatch = "possible etag mismatch. error from state store: the stored etag is another one, or the key exists already";

    /// <summary>Several items are several writes: those that can be done are, and one mismatch makes the answer.</summary>
    public Task<ApiError?> SaveAsync(AppSide app, Component store, IReadOnlyList<StateWrite> writes) =>
        ApplyEachAsync(app, "save", store, writes, (status, reason) => ApiError.StateSave(status, store.Name, reason));

    /// <summary>Deletes one key.</summary>
    /// <param name="app">The caller.</param>
    /// <param name="store">The component.</param>
    /// <param name="write">The deletion.</param>
    /// <param name="key">The key as the caller named it.</param>
    public Task<ApiError?> DeleteAsync(AppSide app, Component store, StateWrite write, string key) =>
        ApplyEachAsync(app, "delete", store, [write], (status, reason) => ApiError.StateDelete(status, key, reason));

    /// <summary>Deletes several keys: those that can be deleted are, and one mismatch makes the answer.</summary>
    public Task<ApiError?> DeleteBulkAsync(AppSide app, Component store, IReadOnlyList<StateWrite> writes) =>
        ApplyEachAsync(app, "bulk delete", store, writes, (status, reason) => ApiError.StateBulkDelete(status, store.Name, reason));

    /// <summary>Writes all or nothing.</summary>
    public Task<ApiError?> TransactAsync(AppSide app, Component store, IReadOnlyList<StateWrite> writes) => ApplyAsync(
        app,
        "transaction",
        writes,
        (session, now) => StateRules.ApplyAll(session, profile, store.Name, writes, now),
        (_, reason) => ApiError.StateTransaction(reason));

    private Task<ApiError?> ApplyEachAsync(
        AppSide app, string operation, Component store, IReadOnlyList<StateWrite> writes, Func<int, string, ApiError> refused) =>
        ApplyAsync(app, operation, writes, (session, now) => StateRules.ApplyEach(session, profile, store.Name, writes, now), refused);

    private async Task<ApiError?> ApplyAsync(
        AppSide app, string operation, IReadOnlyList<StateWrite> writes, Func<Session, long, StateOutcome> apply, Func<int, string, ApiError> refused)
    {
        app.Traffic.AddState(writes.Count);
        if (writes.Count == 0)
        {
            return null;
        }

        if (interceptor is null)
        {
            return await WriteAsync();
        }

        var call = new SidecarCall(
            app.AppId, CallKind.StateWrite, operation, string.Join(',', writes.Select(write => write.Key)), writes.Any(write => write.IsConditional));
        var result = await interceptor.CallAsync(call, async () => CallResult.Of(await WriteAsync()));
        return result.ErrorOf(reason => refused(500, reason), () => refused(409, Mismatch));

        async Task<ApiError?> WriteAsync()
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
        }
    }
}
