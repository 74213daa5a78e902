using FindMe.Pipeline;
using FindMe.Pipeline.Dapr;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>Notices searches in which nothing happens: an event of theirs is lost, or waits behind a failure. What is missing is then asked for again.</summary>
/// <remarks>
/// No broker that FindMe runs on loses an event that it took, and yet a search without an end would be the person's to notice. Asking for what is
/// on its way all the same does no harm: every step is done once. In memory: after a restart the patience begins anew.
/// One caller at a time.
/// </remarks>
internal sealed partial class StalledSearches(DaprClient dapr, IOptions<SearchOptions> options, TimeProvider time, ILogger<StalledSearches> logger)
{
    private Dictionary<string, (Progress Progress, DateTimeOffset Since)> _seen = new(StringComparer.Ordinal);

    /// <summary>Whether a search has stood still for <see cref="SearchOptions.ResumeAfter"/>. The patience begins anew then.</summary>
    public bool IsStalled(SearchSnapshot snapshot)
    {
        var search = snapshot.Search;
        var now = time.GetUtcNow();
        var progress = new Progress(search.Stage, search.Listings, search.Pages.Count, search.Turn, snapshot.Settled);
        var (before, since) = _seen.GetValueOrDefault(search.Id, (progress, now));

        // One that a network makes wait stands still for a reason, and is woken when that is over.
        var begun = search.WaitingUntil > since ? search.WaitingUntil.Value : since;
        var isStalled = before == progress && begun + options.Value.ResumeAfter <= now;
        _seen[search.Id] = (progress, isStalled || before != progress ? now : since);
        return isStalled;
    }

    /// <summary>Asks for what is missing.</summary>
    /// <exception cref="DaprException">It may not be asked for; it is after the next patience.</exception>
    public async Task ResumeAsync(Search search, CancellationToken cancellationToken)
    {
        LogStalled(logger, search.Id, options.Value.ResumeAfter);
        await dapr.PublishAsync(new SearchRequest { SearchId = search.Id, Again = RetryScope.Unsettled }, cancellationToken);
    }

    /// <summary>Forgets all searches but those that are open.</summary>
    public void Keep(IReadOnlySet<string> open) => _seen = _seen.Where(seen => open.Contains(seen.Key)).ToDictionary(StringComparer.Ordinal);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Search {SearchId} has not come further for {Patience}: what is missing is asked for again.")]
    private static partial void LogStalled(ILogger logger, string searchId, TimeSpan patience);

    private sealed record Progress(SearchStage Stage, int Listings, int Pages, int Turn, int Settled);
}
