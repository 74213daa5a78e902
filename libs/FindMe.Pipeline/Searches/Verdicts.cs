using Dapr;
using Dapr.Client;

namespace FindMe.Pipeline;

/// <summary>Reads and writes the verdicts on photos: exactly one per photo, from whichever process settles it first.</summary>
/// <param name="dapr">The state store.</param>
/// <param name="time">The clock.</param>
public sealed class Verdicts(DaprClient dapr, TimeProvider time)
{
    // Serializes writes to a batch within this process, so that only other processes can cause ETag conflicts.
    private readonly SemaphoreSlim[] _gates = [.. Enumerable.Range(0, 16).Select(_ => new SemaphoreSlim(1))];

    /// <summary>Reads the documents needed to compare a photo.</summary>
    /// <param name="image">The photo.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The search and the batch with its ETag; null when the search is no longer open, so that there is nothing to do.</returns>
    /// <exception cref="DaprException">The store could not be read.</exception>
    public async Task<(Search Search, PhotoBatch Batch, string ETag)?> ReadAsync(TweetImage image, CancellationToken cancellationToken)
    {
        var searchKey = StateKeys.Search(image.SearchId);
        var batchKey = KeyOf(image);
        var found = await dapr.GetBulkStateAsync(StateKeys.Store, [searchKey, batchKey], cancellationToken);
        if (!found.TryGetValue(searchKey, out var searchEntry) || !found.TryGetValue(batchKey, out var batchEntry))
        {
            return null;
        }

        var search = searchEntry.Value.Read<Search>();
        return search.IsOpen() ? (search, batchEntry.Value.Read<PhotoBatch>(), batchEntry.ETag) : null;
    }

    /// <summary>Writes a verdict, unless the photo has one or the search is no longer open.</summary>
    /// <param name="image">The photo.</param>
    /// <param name="verdict">The photo's verdict.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The steps to request now: <see cref="PhotoBatch.StepsAfter"/>.</returns>
    /// <exception cref="DaprException">The verdict may or may not be written; settling again is safe.</exception>
    public async Task<IEnumerable<SearchRequest>> SettleAsync(TweetImage image, Verdict verdict, CancellationToken cancellationToken)
    {
        var gate = _gates[(uint)KeyOf(image).GetHashCode(StringComparison.Ordinal) % _gates.Length];
        await gate.WaitAsync(cancellationToken);
        try
        {
            return await SettleInTurnAsync(image, verdict, cancellationToken);
        }
        finally
        {
            gate.Release();
        }
    }

    private async Task<IEnumerable<SearchRequest>> SettleInTurnAsync(TweetImage image, Verdict verdict, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            if (await ReadAsync(image, cancellationToken) is not var (search, batch, etag))
            {
                return [];
            }

            if (batch[image.Index].Verdict is not null)
            {
                return batch.StepsAfter(search, image);
            }

            var settled = batch.Settle(image.Index, verdict);
            if (await dapr.TrySaveStateAsync(StateKeys.Store, KeyOf(image), settled, etag, search.TimeToLive(time.GetUtcNow()), cancellationToken))
            {
                PipelineMetrics.Settled(verdict);
                return settled.StepsAfter(search, image);
            }

            await StateUpdates.BackOffAsync(attempt, KeyOf(image), cancellationToken);
        }
    }

    /// <summary>Schedules the last retry of a photo whose deliveries were exhausted, unless it has a verdict or its search is no longer open.</summary>
    /// <param name="image">The photo.</param>
    /// <param name="retryAt">When to retry.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DaprException">The retry may or may not be scheduled; scheduling it again is safe.</exception>
    public async Task RetryLaterAsync(TweetImage image, DateTimeOffset retryAt, CancellationToken cancellationToken)
    {
        if (await ReadAsync(image, cancellationToken) is var (search, _, _))
        {
            await dapr.UpdateStateAsync<PhotoBatch>(
                KeyOf(image),
                batch => batch[image.Index] is { Verdict: null, RetryAt: null } ? batch.With(image.Index, photo => photo with { RetryAt = retryAt }) : batch,
                _ => search.TimeToLive(time.GetUtcNow()),
                cancellationToken);
        }
    }

    private static string KeyOf(TweetImage image) => StateKeys.Batch(image.SearchId, image.Listing, PhotoBatch.Of(image.Index));
}
