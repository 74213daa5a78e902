using Dapr;
using Dapr.Client;
using FindMe.Pipeline;

namespace FindMe.Api;

/// <summary>A search that has not ended, and what is known of its progress.</summary>
/// <param name="Id">The search.</param>
/// <param name="Person">Whose it is.</param>
/// <param name="BegunAt">When it was added here, which is before it has a document.</param>
/// <param name="Generation"><see cref="Search.Generation"/> once it has begun or goes on: an earlier one is what it was before.</param>
internal sealed record OpenSearch(string Id, string Person, DateTimeOffset BegunAt, int Generation)
{
    /// <summary>Batches from its first one on that are settled: they are not read again.</summary>
    public int Settled { get; init; }

    /// <summary>How far it had come at the last look, in no particular terms; null: nobody has looked.</summary>
    public string? Progress { get; init; }

    /// <summary>When that was seen first.</summary>
    public DateTimeOffset ProgressAt { get; init; } = BegunAt;

    /// <summary>Since when photos that were sent later than its oldest one have been settled; null: none has.</summary>
    public DateTimeOffset? OvertakenAt { get; init; }

    /// <summary>How often what is missing was requested since then.</summary>
    public int Resumed { get; init; }

    /// <summary>The last <see cref="Search.WaitingUntil"/> whose next page was requested.</summary>
    public DateTimeOffset? WaitRequested { get; init; }
}

/// <summary>A search that was deleted, and that is swept once more.</summary>
/// <param name="Id">The search.</param>
/// <param name="Listings">How many listings may have written batches.</param>
/// <param name="SweepAt">When: later than what was being written when it was deleted.</param>
internal sealed record DeletedSearch(string Id, int Listings, DateTimeOffset SweepAt);

/// <summary>The searches that have not ended, and the replica that looks after them. Lies under <see cref="StateKeys.OpenSearches"/>.</summary>
internal sealed record OpenSearchList : Document
{
    /// <summary>The searches, in the order in which they began.</summary>
    public IReadOnlyList<OpenSearch> Searches { get; init; } = [];

    /// <summary>Searches that were deleted a moment ago.</summary>
    public IReadOnlyList<DeletedSearch> Deleted { get; init; } = [];

    /// <summary>The replica that looks after them.</summary>
    public string? Owner { get; init; }

    /// <summary>Until when it does: a replica that dies is followed by another one then.</summary>
    public DateTimeOffset OwnerUntil { get; init; }

    /// <summary>When the newest batch was sent of which a photo is settled: the queue has come that far.</summary>
    public DateTimeOffset QueueAt { get; init; }

    /// <summary>When any search came further.</summary>
    public DateTimeOffset AnyProgressAt { get; init; }
}

/// <summary>The list of open searches: written before a search begins, so that none can be forgotten.</summary>
internal sealed class OpenSearches(DaprClient dapr, TimeProvider time)
{
    /// <summary>Adds a search that begins or goes on.</summary>
    /// <exception cref="DaprException">It may not stand there: the search must not begin.</exception>
    public Task AddAsync(string id, string person, int generation, CancellationToken cancellationToken)
    {
        var search = new OpenSearch(id, person, time.GetUtcNow(), generation);
        return UpdateAsync(list => list with { Searches = [.. list.Searches.Where(other => other.Id != id), search] }, cancellationToken);
    }

    /// <summary>Publishes the step that begins a search, or continues it, and notes that it is published.</summary>
    /// <exception cref="DaprException">It may not be published; <see cref="Recovery"/> then publishes it.</exception>
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

    /// <summary>Changes the list.</summary>
    /// <param name="change">The change, or the same object where there is nothing to do. May be called several times.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<OpenSearchList> UpdateAsync(Func<OpenSearchList, OpenSearchList> change, CancellationToken cancellationToken) =>
        dapr.CreateOrUpdateStateAsync<OpenSearchList>(
            StateKeys.OpenSearches, list => change(list ?? new OpenSearchList()), _ => CurrentUsers.Retention, cancellationToken);
}
