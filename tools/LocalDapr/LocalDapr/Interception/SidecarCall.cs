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
    /// <summary>The error of a broker or a store that fails.</summary>
    public required Func<string, ApiError> Failed { get; init; }

    /// <summary>The error of an ETag that does not match, or of a key that exists; null where there can be none.</summary>
    public Func<ApiError>? Conflict { get; init; }

    /// <summary>Does what was asked, by way of the interceptor if there is one; null means done.</summary>
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
