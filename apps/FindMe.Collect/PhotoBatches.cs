using Dapr.Client;
using FindMe.Pipeline;

namespace FindMe.Collect;

/// <summary>ReleaseBatch → the photos of the batch → one tweet_image each.</summary>
/// <remarks>
/// A batch may be sent when half of the previous one is settled. Compare requests it at that moment; a page that is listed later checks for itself. Both check after
/// their own write, so one of the two always sees the other. A batch is marked as sent after it was sent. Without the mark, duplicate requests and
/// redelivered photos would send further copies of batches, whose photos would request even more.
/// </remarks>
internal sealed class PhotoBatches(DaprClient dapr, TimeProvider time)
{
    /// <summary>Sends a batch if it is listed and was not sent before.</summary>
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

    /// <summary>Sends the batches of a page that are due.</summary>
    /// <param name="search">The search.</param>
    /// <param name="pageNumber">The page's number, from 0; a page that is not listed is ignored.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <param name="sentBefore">Also resends unsettled batches that were sent before this time; null to send only batches that were not sent yet.</param>
    public async Task ReleaseDueAsync(Search search, int pageNumber, CancellationToken cancellationToken, DateTimeOffset? sentBefore = null)
    {
        if (pageNumber >= search.Pages.Count)
        {
            return;
        }

        // The last batch of the previous page decides whether the first batch of this page may be sent.
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

    /// <summary>Sends photos of a batch, then marks the batch as sent.</summary>
    public async Task SendAsync(Search search, SearchPage page, string key, IEnumerable<BatchPhoto> photos, CancellationToken cancellationToken)
    {
        var sent = photos.ToList();
        await dapr.PublishAsync(sent.Select(photo => TweetImage.Of(search.Id, page, photo)), cancellationToken);

        // Never earlier than the photos' retry time, or the retry would be due again.
        var now = time.GetUtcNow();
        var sentAt = sent.Max(photo => photo.RetryAt) is { } retryAt && retryAt > now ? retryAt : now;
        await dapr.UpdateStateAsync<PhotoBatch>(key, batch => batch with { SentAt = sentAt }, _ => search.TimeToLive(now), cancellationToken);
    }
}
