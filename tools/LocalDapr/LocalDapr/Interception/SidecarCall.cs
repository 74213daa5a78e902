namespace LocalDapr;

/// <summary>What an app asks of its sidecar.</summary>
public enum CallKind
{
    /// <summary>A read of one key or several.</summary>
    StateRead,

    /// <summary>A save, deletion or transaction.</summary>
    StateWrite,

    /// <summary>A publish or bulk publish.</summary>
    Publish,
}

/// <summary>A call of an app.</summary>
/// <param name="AppId">The app.</param>
/// <param name="Kind">What it asks.</param>
/// <param name="Operation"><c>get</c>, <c>bulk get</c>, <c>save</c>, <c>delete</c>, <c>bulk delete</c>, <c>transaction</c>, <c>publish</c> or <c>bulk publish</c>.</param>
/// <param name="Target">The topic, or the keys with their prefix and commas between them.</param>
/// <param name="IsConditional">Whether it is a write with an ETag or first-write.</param>
public sealed record SidecarCall(string AppId, CallKind Kind, string Operation, string Target, bool IsConditional = false)
{
    /// <summary>Does what was asked, by way of the interceptor if there is one.</summary>
    /// <param name="interceptor">Null for nobody.</param>
    /// <param name="call">What is asked.</param>
    /// <param name="proceed">Does it; null means done.</param>
    /// <param name="failed">The error of a database or an interceptor that fails.</param>
    /// <param name="conflict">The error of a conflict; null where there can be none.</param>
    internal static async Task<ApiError?> InterceptAsync(
        ISidecarInterceptor? interceptor, Func<SidecarCall> call, Func<Task<ApiError?>> proceed, Func<string, ApiError> failed, Func<ApiError>? conflict = null)
    {
        return interceptor is null
            ? await ProceedAsync()
            : (await interceptor.CallAsync(call(), async () => CallResult.Of(await ProceedAsync()))).ErrorOf(failed, conflict);

        async Task<ApiError?> ProceedAsync()
        {
            try
            {
                return await proceed();
            }
            catch (Microsoft.Data.Sqlite.SqliteException failure)
            {
                return ApiError.OfDatabase(failure, failed);
            }
        }
    }
}

/// <summary>What a caller is answered.</summary>
public sealed class CallResult
{
    private readonly ApiError? _error;
    private readonly string? _reason;

    private CallResult(ApiError? error, string? reason)
    {
        _error = error;
        _reason = reason;
    }

    /// <summary>It is done.</summary>
    public static CallResult Done { get; } = new(null, null);

    /// <summary>The ETag does not match, or the key exists: of a write.</summary>
    public static CallResult Conflict { get; } = new(null, null);

    /// <summary>The broker or the store failed.</summary>
    /// <param name="reason">Why.</param>
    public static CallResult Failed(string reason) => new(null, reason);

    /// <summary>Whether it is <see cref="Done"/>.</summary>
    public bool IsDone => ReferenceEquals(this, Done);

    internal static CallResult Of(ApiError? error) => error is null ? Done : new CallResult(error, null);

    internal ApiError? ErrorOf(Func<string, ApiError> failed, Func<ApiError>? conflict) => IsDone ? null
        : ReferenceEquals(this, Conflict) ? conflict?.Invoke() ?? failed("conflict")
        : _error ?? failed(_reason!);
}
