using FindMe.Networks;
using FindMe.Pipeline;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>Limits searches and writes each into the audit log: before it begins, and after it has ended. What cannot be logged does not begin.</summary>
internal sealed partial class SearchAudit(AuditLog audit, RequestLimits limits, TimeProvider time, ILogger<SearchAudit> logger) : IEndpointFilter
{
    /// <summary>Before a search: whether it may begin.</summary>
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var user = context.Arguments.OfType<CurrentUser>().Single();
        return await limits.TrySearchAsync(context.HttpContext, user, context.HttpContext.RequestAborted) is { } problem
            ? limits.TooManySearches(context.HttpContext, problem)
            : await next(context);
    }

    /// <summary>Writes down that a search begins.</summary>
    /// <returns>False where that cannot be written: the search must not begin.</returns>
    public bool TryWriteBegin(CurrentUser user, Search search) => TryWrite("search-begun", user, search, isNew: true);

    /// <summary>Writes down that a search goes on.</summary>
    /// <returns>False where that cannot be written: the search must not go on.</returns>
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

    /// <summary>Writes down that a search has ended.</summary>
    /// <param name="search">The search.</param>
    /// <param name="snapshot">How it ended; null: it was deleted.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void WriteEnd(OpenSearch search, SearchSnapshot? snapshot) => audit.Write(new AuditEntry(
        time.GetUtcNow(),
        snapshot is null ? "search-deleted" : "search-ended",
        AuditLog.Pseudonym(search.Id),
        AuditLog.Pseudonym(search.Person),
        Status: snapshot?.Search.Stage.ToString(),
        Posts: snapshot?.Search.Posts,
        Photos: snapshot?.Settled,
        Found: snapshot?.Batches.Sum(batch => batch.Photos.Count(photo => photo.Verdict is { Kind: VerdictKind.Match or VerdictKind.Maybe }))));

    [LoggerMessage(Level = LogLevel.Error, Message = "Failed to write the audit log; no search begins until it can be written.")]
    private static partial void LogNotWritten(ILogger logger, Exception exception);
}

/// <summary>Registers what keeps FindMe to finding oneself.</summary>
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

    /// <summary>Searches that begin here are limited and written into the audit log.</summary>
    public static RouteHandlerBuilder WithAudit(this RouteHandlerBuilder endpoint) =>
        endpoint.AddEndpointFilter(async (context, next) => await context.HttpContext.RequestServices.GetRequiredService<SearchAudit>().InvokeAsync(context, next));
}
