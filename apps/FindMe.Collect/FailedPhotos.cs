using Dapr.Client;
using FindMe.Pipeline;

namespace FindMe.Collect;

/// <summary>RetryFailedPhotos → the photos whose last retry is due → one tweet_image each.</summary>
internal sealed class FailedPhotos(DaprClient dapr, PhotoBatches batches, TimeProvider time)
{
    // Tolerates clock skew: Recovery, which requests the retry, may run on another machine.
    private static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(5);

    /// <summary>Sends the photos whose retry is due. A photo that is sent twice is settled once.</summary>
    public async Task RetryAsync(Search search, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow() + ClockSkew;
        foreach (var page in search.Pages)
        {
            foreach (var (key, entry) in await dapr.GetBulkStateAsync(StateKeys.Store, [.. page.BatchKeys(search.Id)], cancellationToken))
            {
                if (entry.Value.Read<PhotoBatch>().DueForRetry(now).ToList() is { Count: > 0 } due)
                {
                    await batches.SendAsync(search, page, key, due, cancellationToken);
                }
            }
        }
    }
}
