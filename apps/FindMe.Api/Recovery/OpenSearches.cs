using Dapr;
using Dapr.Client;
using FindMe.Pipeline;

namespace FindMe.Api;

/// <summary>A search that has not ended, with its last known progress.</summary>
/// <param name="Id">The search.</param>
/// <param name="Person">The owner.</param>
/// <param name="BegunAt">When it was added to the list, before its document exists.</param>
/// <param name="Generation">The value of <see cref="Search.Generation"/> after it was started or continued; a document with a lower one is outdated.</param>
internal sealed record OpenSearch(string Id, string Person, DateTimeOffset BegunAt, int Generation)
{
    /// <summary>The number of settled batches at its beginning, which are not read again.</summary>
    public int Settled { get; init; }

    /// <summary>Its progress at the last check, an opaque text; null if it was never checked.</summary>
    public string? Progress { get; init; }

    /// <summary>When this progress was first observed.</summary>
    public DateTimeOffset ProgressAt { get; init; } = BegunAt;

    /// <summary>When photos sent after its oldest unsettled one were first observed to be settled; null if none are.</summary>
    public DateTimeOffset? OvertakenAt { get; init; }

    /// <summary>How many times it was resumed since then.</summary>
    public int Resumed { get; init; }

    /// <summary>The last <see cref="Search.WaitingUntil"/> for which the next page was requested.</summary>
    public DateTimeOffset? WaitRequested { get; init; }
}

/// <summary>A deleted search that is swept once more.</summary>
/// <param name="Id">The search.</param>
/// <param name="Listings">How many listings may have written batches.</param>
/// <param name="SweepAt">When to sweep: later than any write that was in progress at the deletion.</param>
internal sealed record DeletedSearch(string Id, int Listings, DateTimeOffset SweepAt);

/// <summary>The searches that have not ended, and the replica that checks them. Stored under <see cref="StateKeys.OpenSearches"/>.</summary>
internal sealed record OpenSearchList : Document
{
    /// <summary>The searches, in the order in which they started.</summary>
    public IReadOnlyList<OpenSearch> Searches { get; init; } = [];

    /// <summary>Recently deleted searches.</summary>
    public IReadOnlyList<DeletedSearch> Deleted { get; init; } = [];

    /// <summary>The replica that checks them.</summary>
    public string? Owner { get; init; }

    /// <summary>When that replica's lease expires, so that another one can take over after a crash.</summary>
    public DateTimeOffset OwnerUntil { get; init; }

    /// <summary>When the newest batch with a settled photo was sent: the position of the queue.</summary>
    public DateTimeOffset QueueAt { get; init; }

    /// <summary>When any search last made progress.</summary>
    public DateTimeOffset AnyProgressAt { get; init; }
}

/// <summary>Stores the list of open searches. A search is added before it starts, so that none is lost.</summary>
internal sealed partial class OpenSearches(DaprClient dapr, TimeProvider time, ILogger<OpenSearches> logger)
{
    /// <summary>Adds a search that starts or continues.</summary>
    /// <exception cref="DaprException">The search may not be listed, so it must not start.</exception>
    public Task AddAsync(string id, string person, int generation, CancellationToken cancellationToken)
    {
        var search = new OpenSearch(id, person, time.GetUtcNow(), generation);
        return UpdateAsync(list => list with { Searches = [.. list.Searches.Where(other => other.Id != id), search] }, cancellationToken);
    }

    /// <summary>Starts or continues a search that is on the list and saved. If its step cannot be published, <see cref="Recovery"/> publishes it.</summary>
    public async Task BeginAsync(Search search, CancellationToken cancellationToken)
    {
        try
        {
            await RequestAsync(search, cancellationToken);
        }
        catch (DaprException exception)
        {
            // An error would have the person begin it a second time.
            LogNotRequested(logger, search.Id, exception.Message);
        }
    }

    /// <summary>Publishes the step that starts or continues a search, and marks it as published.</summary>
    /// <exception cref="DaprException">The step may not be published.</exception>
    public async Task RequestAsync(Search search, CancellationToken cancellationToken)
    {
        await dapr.PublishAsync(ListPage.After(search), cancellationToken);
        await dapr.UpdateStateAsync<Search>(
            StateKeys.Search(search.Id),
            current => current.Generation == search.Generation ? current with { Requested = true } : current,
            current => current.TimeToLive(time.GetUtcNow()),
            cancellationToken);
    }

    /// <summary>Reads the list.</summary>
    public async Task<OpenSearchList> ReadAsync(CancellationToken cancellationToken) =>
        await dapr.GetStateAsync<OpenSearchList>(StateKeys.Store, StateKeys.OpenSearches, cancellationToken) ?? new OpenSearchList();

    /// <summary>Updates the list.</summary>
    /// <param name="change">Returns the new list, or the same object to write nothing. May be called several times.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public Task<OpenSearchList> UpdateAsync(Func<OpenSearchList, OpenSearchList> change, CancellationToken cancellationToken) =>
        dapr.CreateOrUpdateStateAsync<OpenSearchList>(
            StateKeys.OpenSearches, list => change(list ?? new OpenSearchList()), _ => CurrentUsers.Retention, cancellationToken);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Search {SearchId} is saved, but publishing its next step failed: {Problem}. It will be published again if it was not.")]
    private static partial void LogNotRequested(ILogger logger, string searchId, string problem);
}
