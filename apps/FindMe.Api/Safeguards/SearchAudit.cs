using FindMe.Networks;
using FindMe.Pipeline;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>Limits searches and records each in the audit log, before it starts and after it ends. A search that cannot be recorded does not start.</summary>
internal sealed partial class SearchAudit(AuditLog audit, RequestLimits limits, TimeProvider time, ILogger<SearchAudit> logger) : IEndpointFilter
{
    /// <summary>Rejects a search over the daily limits.</summary>
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var user = context.Arguments.OfType<CurrentUser>().Single();
        return await limits.TrySearchAsync(context.HttpContext, user, context.HttpContext.RequestAborted) is { } problem
            ? limits.TooManySearches(context.HttpContext, problem)
            : await next(context);
    }

    /// <summary>Records the start of a search.</summary>
    /// <returns>False when the log cannot be written, so that the search must not start.</returns>
    public bool TryWriteBegin(CurrentUser user, Search search) => TryWrite("search-begun", user, search, isNew: true);

    /// <summary>Records that a search continues.</summary>
    /// <returns>False when the log cannot be written, so that the search must not continue.</returns>
    public bool TryWriteContinue(CurrentUser user, Search search) => TryWrite("search-continued", user, search, isNew: false);

    private bool TryWrite(string what, CurrentUser user, Search search, bool isNew)
    {
        try
        {
            audit.Write(new AuditEntry(
                time.GetUtcNow(),
                what,
                AuditLog.Pseudonym(search.Id),
                AuditLog.Pseudonym(user.Id),
                [.. user.Person.Accounts.Select(account => $"{account.Network}:{account.Handle}")],
                isNew ? search.Source : null,
                isNew && search.Source != SourceNames.Zip ? search.Query : null));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogNotWritten(logger, exception);
            return false;
        }

        return true;
    }

    /// <summary>Records the end of a search.</summary>
    /// <param name="search">The search.</param>
    /// <param name="snapshot">Its final state; null if it was deleted.</param>
    /// <exception cref="IOException">The log could not be written.</exception>
    public void WriteEnd(OpenSearch search, SearchSnapshot? snapshot) => audit.Write(new AuditEntry(
        time.GetUtcNow(),
        snapshot is null ? "search-deleted" : "search-ended",
        AuditLog.Pseudonym(search.Id),
        AuditLog.Pseudonym(search.Person),
        Status: snapshot?.Search.Stage.ToString(),
        Posts: snapshot?.Search.Posts,
        Photos: snapshot?.Settled,
        Found: snapshot?.Batches.Sum(batch => batch.Photos.Count(photo => photo.Verdict is { Kind: VerdictKind.Match or VerdictKind.Maybe }))));

    [LoggerMessage(Level = LogLevel.Error, Message = "Failed to write the audit log; no search starts until it can be written.")]
    private static partial void LogNotWritten(ILogger logger, Exception exception);
}

internal static class SafeguardServices
{
    public static void AddSafeguards(this IServiceCollection services)
    {
        services.AddOptions<SafeguardOptions>().BindConfiguration(SafeguardOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<SafeguardOptions>, SafeguardOptionsValidator>();
        services.AddOptOuts();
        services.AddSingleton<RequestLimits>();
        services.AddSingleton<AuditLog>();
        services.AddSingleton<SearchAudit>();
    }

    /// <summary>Limits and records the searches that start at this endpoint.</summary>
    public static RouteHandlerBuilder WithAudit(this RouteHandlerBuilder endpoint) =>
        endpoint.AddEndpointFilter(async (context, next) => await context.HttpContext.RequestServices.GetRequiredService<SearchAudit>().InvokeAsync(context, next));
}
