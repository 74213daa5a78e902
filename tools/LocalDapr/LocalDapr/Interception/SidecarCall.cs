namespace LocalDapr;

/// <summary>The kind of an app's call to its sidecar.</summary>
public enum CallKind
{
    /// <summary>A get or bulk get.</summary>
    StateRead,

    /// <summary>A save, deletion or transaction.</summary>
    StateWrite,

    /// <summary>A publish or bulk publish.</summary>
    Publish,
}

/// <summary>A call of an app to its sidecar.</summary>
/// <param name="AppId">The app id of the caller.</param>
/// <param name="Kind">The kind of call.</param>
/// <param name="Operation"><c>get</c>, <c>bulk get</c>, <c>save</c>, <c>delete</c>, <c>bulk delete</c>, <c>transaction</c>, <c>publish</c> or <c>bulk publish</c>.</param>
/// <param name="Target">The topic, or the comma-separated keys (with prefix for writes).</param>
/// <param name="IsConditional">Whether it is a write with an ETag or first-write.</param>
public sealed record SidecarCall(string AppId, CallKind Kind, string Operation, string Target, bool IsConditional = false)
{
    /// <summary>Creates the error for a failed broker or store.</summary>
    public required Func<string, ApiError> Failed { get; init; }

    /// <summary>Creates the error for an ETag mismatch or an existing key; null when the call cannot conflict.</summary>
    public Func<ApiError>? Conflict { get; init; }

    /// <summary>Executes the call, through the interceptor if there is one; returns null for success.</summary>
    internal async Task<ApiError?> InterceptAsync(ISidecarInterceptor? interceptor, Func<Task<ApiError?>> proceed)
    {
        return await (interceptor?.CallAsync(this, ProceedAsync) ?? ProceedAsync());

        async Task<ApiError?> ProceedAsync()
        {
            try
            {
                return await proceed();
            }
            catch (Microsoft.Data.Sqlite.SqliteException failure)
            {
                return ApiError.OfDatabase(failure, Failed);
            }
        }
    }
}
