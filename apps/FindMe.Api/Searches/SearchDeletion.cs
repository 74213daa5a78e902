using Dapr;
using Dapr.Client;
using FindMe.Pipeline;

namespace FindMe.Api;

/// <summary>Deletes searches so that nothing at work can bring them back.</summary>
/// <remarks>
/// First the search's document becomes a tombstone, which every writer reads before it writes; then the batches, the report and the links go. Some stores let a
/// writer that read just before bring back a deleted batch, so <see cref="Recovery"/> sweeps them once more a little later.
/// </remarks>
internal sealed class SearchDeletion(DaprClient dapr, OpenSearches open, PhotoKeeping keeping, TimeProvider time)
{
    // Longer than any delivery of a photo of this search can still be under way.
    private static readonly TimeSpan TombstoneKept = TimeSpan.FromDays(1);

    // Longer than a comparison in flight takes between its last look at the search and its write.
    private static readonly TimeSpan UntilSecondSweep = TimeSpan.FromSeconds(5);

    /// <summary>Removes expired searches from their person's list.</summary>
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

        // Whatever a page being listed at this moment writes to the document loses against this: it asks for the version it read. So does
        // this: Redis refuses a write without a version to a key that was ever written with one.
        await dapr.CreateOrUpdateStateAsync<Search>(
            StateKeys.Search(id),
            current =>
            {
                search = current;

                // It says how much there is to sweep, should this end before it is done.
                return Tombstone(id, current?.Listings ?? 0) with { Shares = current?.Shares ?? [] };
            },
            _ => TombstoneKept,
            cancellationToken);
        if (search is null)
        {
            return 0;
        }

        // One more listing may have begun since.
        var deleted = new DeletedSearch(id, search.Listings + 1, time.GetUtcNow() + UntilSecondSweep);
        await open.UpdateAsync(list => list with { Deleted = [.. list.Deleted.Where(other => other.Id != id), deleted] }, cancellationToken);
        await keeping.ReleaseAsync(search, use: null, cancellationToken);
        await dapr.DeleteBulkStateAsync(StateKeys.Store, [.. search.Shares.Select(StateKeys.Share)], cancellationToken);
        await SweepAsync(id, deleted.Listings, cancellationToken);
        return search.Pages.Sum(page => page.Photos);
    }

    /// <summary>Deletes what listings have written. Some never became pages: how many batches they wrote is not known.</summary>
    /// <exception cref="DaprException">Some of it may still be there; sweeping again is safe.</exception>
    public Task SweepAsync(string id, int listings, CancellationToken cancellationToken) =>
        dapr.DeleteBulkStateAsync(
            StateKeys.Store,
            [StateKeys.Report(id), StateKeys.Shares(id), .. Enumerable.Range(1, listings).SelectMany(listing => new SearchPage(listing, SearchPage.MaxPhotos, 0).BatchKeys(id))],
            cancellationToken);

    private Search Tombstone(string id, int listings = 0)
    {
        var now = time.GetUtcNow();
        return new Search { Id = id, Person = "", Source = "", Query = "", CreatedAt = now, ExpiresAt = now + TombstoneKept, Stage = SearchStage.Deleted, Listings = listings };
    }
}
