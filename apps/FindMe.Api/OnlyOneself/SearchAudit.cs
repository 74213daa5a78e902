using FindMe.Pipeline;
using FindMe.Pipeline.Dapr;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>Limits searches and writes each into the audit log: before it begins, and after it has ended. What cannot be logged does not begin.</summary>
/// <remarks>
/// The searches that have not ended stand in the store, so that the one line with the counts is written also when nobody watches,
/// and after a restart. One replica claims a search that has ended, writes its line, and takes it from that list; a replica that dies in
/// between loses its claim, and the line is written by another. So does one ask for what is missing where it finds that a search stands still.
/// </remarks>
internal sealed partial class SearchAudit(
    AuditLog audit,
    RequestLimits limits,
    DaprClient dapr,
    SearchReader reader,
    StalledSearches stalled,
    IOptions<OnlyOneselfOptions> options,
    IOptions<SearchOptions> searches,
    TimeProvider time,
    ILogger<SearchAudit> logger) : BackgroundService, IEndpointFilter
{
    // Far longer than a line takes to write.
    private static readonly TimeSpan ClaimLifetime = TimeSpan.FromMinutes(1);

    /// <summary>Before a search: whether it may begin.</summary>
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var caller = context.Arguments.OfType<Caller>().Single();
        return await limits.TrySearchAsync(context.HttpContext, caller, context.HttpContext.RequestAborted) is { } problem
            ? limits.TooMany(context.HttpContext, "too-many-searches", problem)
            : await next(context);
    }

    /// <summary>Writes down that a search begins.</summary>
    /// <returns>False where that cannot be written: the search must not begin.</returns>
    public Task<bool> TryBeginAsync(Caller caller, Search search, CancellationToken cancellationToken) =>
        TryWriteAsync("search-begun", caller, search, isNew: true, cancellationToken);

    /// <summary>Writes down that a search goes on.</summary>
    /// <returns>False where that cannot be written: the search must not go on.</returns>
    public Task<bool> TryContinueAsync(Caller caller, Search search, CancellationToken cancellationToken) =>
        TryWriteAsync("search-continued", caller, search, isNew: false, cancellationToken);

    // The line first: a search that dies between the two is in the log and was never begun.
    private async Task<bool> TryWriteAsync(string what, Caller caller, Search search, bool isNew, CancellationToken cancellationToken)
    {
        try
        {
            audit.Write(new AuditEntry(
                time.GetUtcNow(),
                what,
                AuditLog.Pseudonym(search.Id),
                AuditLog.Pseudonym(caller.Id),
                [.. caller.Person.Accounts.Select(account => $"{account.Network}:{account.Handle}")],
                isNew ? search.Source : null,
                isNew && search.Source != SourceNames.Zip ? search.Query : null));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogNotWritten(logger, exception);
            return false;
        }

        await ChangeAsync(
            open => open.Any(other => other.Id == search.Id) ? open : [.. open, new OpenSearch(search.Id, caller.Id, BegunAt: time.GetUtcNow())], cancellationToken);
        return true;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.AuditInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await CloseEndedAsync(stoppingToken);
            }
            catch (Exception exception) when (exception is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                // The next round finds the same searches. Thrown on, it would end the app.
                LogFailed(logger, exception);
            }
        }
    }

    private async Task CloseEndedAsync(CancellationToken cancellationToken)
    {
        var open = await dapr.GetStateAsync<OpenSearches>(StateKeys.Store, StateKeys.OpenSearches, cancellationToken);
        stalled.Keep(open?.Searches.Select(search => search.Id).ToHashSet(StringComparer.Ordinal) ?? []);
        foreach (var search in open?.Searches ?? [])
        {
            var snapshot = await reader.TryReadAsync(search.Id, search.Person, cancellationToken);
            if (snapshot is not null && !snapshot.IsEnded())
            {
                if (stalled.IsStalled(snapshot) && await TryResumeAsync(search.Id, cancellationToken))
                {
                    await stalled.ResumeAsync(snapshot.Search, cancellationToken);
                }

                continue;
            }

            // A search that is only about to begin has no document yet.
            if ((snapshot is not null || search.BegunAt + ClaimLifetime <= time.GetUtcNow()) && await TryClaimAsync(search.Id, cancellationToken))
            {
                audit.Write(EndOf(search, snapshot));
                await ChangeAsync(others => [.. others.Where(other => other.Id != search.Id)], cancellationToken);
            }
        }
    }

    private async Task<bool> TryClaimAsync(string id, CancellationToken cancellationToken)
    {
        var isMine = false;
        var now = time.GetUtcNow();
        await ChangeAsync(
            open =>
            {
                var search = open.FirstOrDefault(search => search.Id == id);
                isMine = search is not null && !(search.ClosingAt + ClaimLifetime > now);
                return isMine ? [.. open.Select(other => other.Id == id ? other with { ClosingAt = now } : other)] : open;
            },
            cancellationToken);
        return isMine;
    }

    // Every replica sees the same standstill; the first to note it asks, once in a patience.
    private async Task<bool> TryResumeAsync(string id, CancellationToken cancellationToken)
    {
        var mine = false;
        var now = time.GetUtcNow();
        await ChangeAsync(
            open =>
            {
                var search = open.FirstOrDefault(search => search.Id == id);
                mine = search is not null && !(search.ResumedAt + searches.Value.ResumeAfter > now);
                return mine ? [.. open.Select(other => other.Id == id ? other with { ResumedAt = now } : other)] : open;
            },
            cancellationToken);
        return mine;
    }

    private AuditEntry EndOf(OpenSearch search, SearchSnapshot? snapshot) => new(
        time.GetUtcNow(),
        snapshot is null ? "search-deleted" : "search-ended",
        AuditLog.Pseudonym(search.Id),
        AuditLog.Pseudonym(search.Person),
        Status: snapshot?.Search.Stage.ToString(),
        Posts: snapshot?.Search.Posts,
        Photos: snapshot?.Settled,
        Found: snapshot?.Shards.Sum(shard => shard.Photos.Count(photo => photo.Verdict is { Kind: VerdictKind.Match or VerdictKind.Maybe })));

    private Task<OpenSearches> ChangeAsync(Func<IReadOnlyList<OpenSearch>, IReadOnlyList<OpenSearch>> change, CancellationToken cancellationToken) =>
        dapr.CreateOrUpdateStateAsync<OpenSearches>(
            StateKeys.OpenSearches, open => new OpenSearches(change(open?.Searches ?? [])), _ => Callers.Retention, cancellationToken);

    [LoggerMessage(Level = LogLevel.Error, Message = "Failed to write the audit log; no search begins until it can be written.")]
    private static partial void LogNotWritten(ILogger logger, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The audit log could not be brought up to date.")]
    private static partial void LogFailed(ILogger logger, Exception exception);

    /// <summary>The searches whose end is still to be written down.</summary>
    private sealed record OpenSearches(IReadOnlyList<OpenSearch> Searches) : Document;

    /// <summary>One of them.</summary>
    private sealed record OpenSearch(
        string Id, string Person, DateTimeOffset? ResumedAt = null, DateTimeOffset? BegunAt = null, DateTimeOffset? ClosingAt = null);
}

/// <summary>Registers what keeps FindMe to finding oneself.</summary>
internal static class OnlyOneselfServices
{
    public static void AddOnlyOneself(this IServiceCollection services)
    {
        services.AddOptions<OnlyOneselfOptions>().BindConfiguration(OnlyOneselfOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<OnlyOneselfOptions>, OnlyOneselfOptionsValidator>();
        services.AddOptOuts();
        services.AddSingleton<SharedAlbums>();
        services.AddSingleton<RequestLimits>();
        services.AddSingleton<AuditLog>();
        services.AddSingleton<SearchAudit>();
        services.AddHostedService(provider => provider.GetRequiredService<SearchAudit>());
    }

    /// <summary>Searches that begin here are limited and written into the audit log.</summary>
    public static RouteHandlerBuilder WithAudit(this RouteHandlerBuilder endpoint) =>
        endpoint.AddEndpointFilter(async (context, next) => await context.HttpContext.RequestServices.GetRequiredService<SearchAudit>().InvokeAsync(context, next));
}
