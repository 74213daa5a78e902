using FindMe.Pipeline;
using FindMe.Pipeline.Dapr;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>Limits searches and writes each into the audit log, when it begins and when it has ended.</summary>
/// <remarks>
/// The searches that have not ended stand in the store, so that the one line with the counts is written also when nobody watches,
/// and after a restart. Whoever takes a search from that list writes its line: one replica does. So does one ask for what is missing where
/// it finds that a search stands still.
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
    /// <summary>Before a search: whether it may begin. After it: that it has.</summary>
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var cancellation = context.HttpContext.RequestAborted;
        var caller = context.Arguments.OfType<Caller>().Single();
        var wish = context.Arguments.OfType<SearchWish>().SingleOrDefault();
        if (await limits.TrySearchAsync(context.HttpContext, caller, cancellation) is { } problem)
        {
            return limits.TooMany(context.HttpContext, "too-many-searches", problem);
        }

        var answer = await next(context);
        if ((answer is INestedHttpResult nested ? nested.Result : answer) is IValueHttpResult { Value: SearchBegun begun })
        {
            audit.Write(new AuditEntry(
                time.GetUtcNow(),
                wish is null ? "search-continued" : "search-begun",
                AuditLog.Pseudonym(begun.Id),
                AuditLog.Pseudonym(caller.Id),
                [.. caller.Person.Accounts.Select(account => $"{account.Network}:{account.Handle}")],
                wish?.Source,
                wish?.Source == SourceNames.Zip ? null : wish?.Query));
            await ChangeAsync(open => open.Any(other => other.Id == begun.Id) ? open : [.. open, new OpenSearch(begun.Id, caller.Id)], cancellation);
        }

        return answer;
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

            var mine = false;
            await ChangeAsync(
                others =>
                {
                    mine = others.Any(other => other.Id == search.Id);
                    return [.. others.Where(other => other.Id != search.Id)];
                },
                cancellationToken);
            if (mine)
            {
                audit.Write(EndOf(search, snapshot));
            }
        }
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

    [LoggerMessage(Level = LogLevel.Warning, Message = "The audit log could not be brought up to date.")]
    private static partial void LogFailed(ILogger logger, Exception exception);

    /// <summary>The searches whose end is still to be written down.</summary>
    private sealed record OpenSearches(IReadOnlyList<OpenSearch> Searches) : Document;

    /// <summary>One of them.</summary>
    private sealed record OpenSearch(string Id, string Person, DateTimeOffset? ResumedAt = null);
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
