using Dapr.Client;
using FindMe.Pipeline;

namespace FindMe.Collect;

/// <summary>ReleaseBatch → the photos of the batch → one tweet_image each.</summary>
/// <remarks>
/// A batch may go when half of the one before it is settled. Compare requests it when that happens; a page that is listed later looks itself. Each looks after it has written, so one of the two always sees the other.
/// That a batch was sent is noted after it was. Steps are requested more than once, and photos are delivered more than once: without the note
/// copies of photos would request copies of batches, whose copies would request more.
/// </remarks>
internal sealed class PhotoBatches(DaprClient dapr, TimeProvider time)
{
    /// <summary>Sends a batch, if it is listed already and was not sent before.</summary>
    public async Task ReleaseAsync(Search search, ReleaseBatch release, CancellationToken cancellationToken)
    {
        if (search.PageOf(release.Batch) is not { } page)
        {
            return;
        }

        var key = search.BatchKey(release.Batch)!;
        if (await dapr.GetStateAsync<PhotoBatch>(StateKeys.Store, key, cancellationToken) is { SentAt: null } batch)
        {
            await SendAsync(search, page, key, batch.Photos.Where(photo => photo.Verdict is null), cancellationToken);
        }
    }

    /// <summary>Sends those batches of a page whose turn it is.</summary>
    /// <param name="search">The search.</param>
    /// <param name="pageNumber">The page, counted from 0; nothing happens where it is not listed.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <param name="sentBefore">Also those that were sent before then and are not settled: they are sent once more. Null: only those that were not sent.</param>
    public async Task ReleaseDueAsync(Search search, int pageNumber, CancellationToken cancellationToken, DateTimeOffset? sentBefore = null)
    {
        if (pageNumber >= search.Pages.Count)
        {
            return;
        }

        // The last batch of the pages before says whether the first one of this page may go.
        var page = search.Pages[pageNumber];
        var first = Math.Max(0, page.FirstBatch - 1);
        var keys = Enumerable.Range(first, page.FirstBatch + page.BatchCount() - first).Select(number => search.BatchKey(number)!).ToList();
        var found = await dapr.GetBulkStateAsync(StateKeys.Store, keys, cancellationToken);
        var batches = keys.ConvertAll(key => found.TryGetValue(key, out var entry) ? entry.Value.Read<PhotoBatch>() : null);
        for (var place = page.FirstBatch - first; place < keys.Count; place++)
        {
            if (batches[place] is { } batch
                && (batch.SentAt is { } sent ? sent < sentBefore && !batch.IsSettled() : place == 0 || batches[place - 1]?.IsHalfSettled() == true))
            {
                await SendAsync(search, page, keys[place], batch.Photos.Where(photo => photo.Verdict is null), cancellationToken);
            }
        }
    }

    /// <summary>Sends photos of a batch, and then notes that the batch was sent.</summary>
    public async Task SendAsync(Search search, SearchPage page, string key, IEnumerable<BatchPhoto> photos, CancellationToken cancellationToken)
    {
        var sent = photos.ToList();
        await dapr.PublishAsync(sent.Select(photo => TweetImage.Of(search.Id, page, photo)), cancellationToken);

        // Not before the time of a retry, which would be due again.
        var now = time.GetUtcNow();
        var sentAt = sent.Max(photo => photo.RetryAt) is { } retryAt && retryAt > now ? retryAt : now;
        await dapr.UpdateStateAsync<PhotoBatch>(key, batch => batch with { SentAt = sentAt }, _ => search.TimeToLive(now), cancellationToken);
    }
}
