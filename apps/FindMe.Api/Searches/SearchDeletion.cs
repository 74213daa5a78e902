using Dapr;
using Dapr.Client;
using FindMe.Pipeline;

namespace FindMe.Api;

/// <summary>Deletes searches so that nothing at work can bring them back.</summary>
/// <remarks>
/// First the search's document becomes a tombstone, which every writer reads before it writes; then the shards go. Some stores let a
/// writer that read just before bring back a deleted shard, so they are swept once more a little later.
/// </remarks>
internal sealed partial class SearchDeletion(DaprClient dapr, TimeProvider time, IHostApplicationLifetime lifetime, ILogger<SearchDeletion> logger)
{
    // Longer than any delivery of a photo of this search can still be under way.
    private static readonly TimeSpan TombstoneKept = TimeSpan.FromDays(1);

    // Longer than a comparison in flight takes between its last look at the search and its write.
    private static readonly TimeSpan UntilSecondSweep = TimeSpan.FromSeconds(5);

    /// <summary>Takes the searches whose time is over from their person's list.</summary>
    /// <returns>How many of the person's searches are left.</returns>
    /// <exception cref="DaprException">Some may still stand there.</exception>
    public async Task<int> ForgetExpiredAsync(CurrentUser user, CancellationToken cancellationToken)
    {
        var found = await dapr.GetBulkStateAsync(StateKeys.Store, [.. user.Person.Searches.Select(StateKeys.Search)], cancellationToken);
        var gone = new HashSet<string>();
        foreach (var id in user.Person.Searches)
        {
            // A search stands in the list before its document does: one that begins in this moment loses against the tombstone or stays.
            var isGone = found.TryGetValue(StateKeys.Search(id), out var entry)
                ? entry.Value.Read<Search>().Stage == SearchStage.Deleted
                : (await dapr.CreateOrUpdateStateAsync<Search>(StateKeys.Search(id), current => current ?? Tombstone(id), _ => TombstoneKept, cancellationToken)).Stage == SearchStage.Deleted;
            if (isGone)
            {
                gone.Add(id);
            }
        }

        var person = gone.Count == 0 ? user.Person : await dapr.UpdatePersonAsync(
            user.Id, current => current with { Searches = [.. current.Searches.Where(id => !gone.Contains(id))] }, cancellationToken);
        return person?.Searches.Count ?? 0;
    }

    /// <summary>Deletes a search.</summary>
    /// <returns>How many photos it had.</returns>
    /// <exception cref="DaprException">Some of it may still be there; deleting again is safe.</exception>
    public async Task<int> DeleteAsync(string id, CancellationToken cancellationToken)
    {
        Search? search = null;
        var tombstone = Tombstone(id);

        // Whatever a page being listed at this moment writes to the document loses against this: it asks for the version it read. So does
        // this: Redis refuses a write without a version to a key that was ever written with one.
        await dapr.CreateOrUpdateStateAsync<Search>(
            StateKeys.Search(id),
            current =>
            {
                search = current;
                return tombstone;
            },
            _ => TombstoneKept,
            cancellationToken);
        if (search is null)
        {
            return 0;
        }

        await SweepAsync(search, cancellationToken);
        _ = SweepLaterAsync(search);
        return search.Pages.Sum(page => page.Photos);
    }

    private Search Tombstone(string id)
    {
        var now = time.GetUtcNow();
        return new Search { Id = id, Person = "", Source = "", Query = "", CreatedAt = now, ExpiresAt = now + TombstoneKept, Stage = SearchStage.Deleted };
    }

    private async Task SweepLaterAsync(Search search)
    {
        try
        {
            await Task.Delay(UntilSecondSweep, time, lifetime.ApplicationStopping);
            await SweepAsync(search, lifetime.ApplicationStopping);
        }
        catch (OperationCanceledException)
        {
            // What is left, if anything, goes with its time to live.
        }
        catch (DaprException exception)
        {
            LogNotSwept(logger, search.Id, exception);
        }
    }

    // A listing that never became a page has left shards too; how many it wrote is not known. One more may have begun since.
    private async Task SweepAsync(Search search, CancellationToken cancellationToken)
    {
        for (var listing = 1; listing <= search.Listings + 1; listing++)
        {
            var photos = search.Pages.FirstOrDefault(page => page.Listing == listing)?.Photos ?? PageLayout.MaxPhotosPerPage;
            foreach (var key in PageLayout.ShardKeys(search.Id, new SearchPage(listing, photos)))
            {
                await dapr.DeleteStateAsync(StateKeys.Store, key, cancellationToken);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Search {SearchId} was deleted but not swept a second time.")]
    private static partial void LogNotSwept(ILogger logger, string searchId, Exception exception);
}
