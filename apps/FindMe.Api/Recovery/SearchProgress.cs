using Dapr;
using Dapr.Client;
using FindMe.Pipeline;

namespace FindMe.Api;

/// <summary>The progress of a search, read from its document and from its batches in progress.</summary>
/// <param name="Search">Its document.</param>
/// <param name="Settled">The number of settled batches at its beginning.</param>
/// <param name="SettledSentAt">When the newest of the newly settled batches was sent; null if there is none.</param>
/// <param name="InProgress">The following batches, up to the first one that was not sent.</param>
internal sealed record SearchProgress(Search Search, int Settled, DateTimeOffset? SettledSentAt, IReadOnlyList<PhotoBatch> InProgress)
{
    // Two batches are in progress at a time; the rest were settled since the last check.
    private const int BatchesRead = 8;

    /// <summary>Reads the progress of a search.</summary>
    /// <returns>Null when the search is deleted, or not saved yet.</returns>
    /// <exception cref="DaprException">The store could not be read.</exception>
    public static async Task<SearchProgress?> ReadAsync(DaprClient dapr, OpenSearch open, CancellationToken cancellationToken)
    {
        var search = await dapr.GetStateAsync<Search>(StateKeys.Store, StateKeys.Search(open.Id), cancellationToken);
        if (search is null or { Stage: SearchStage.Deleted })
        {
            return null;
        }

        var (settled, settledSentAt, inProgress) = (open.Settled, default(DateTimeOffset?), new List<PhotoBatch>());
        foreach (var keys in search.BatchKeys().Skip(settled).Chunk(BatchesRead))
        {
            var found = await dapr.GetBulkStateAsync(StateKeys.Store, keys, cancellationToken);
            foreach (var key in keys)
            {
                if (!found.TryGetValue(key, out var entry))
                {
                    // The search was deleted during this read.
                    return null;
                }

                var batch = entry.Value.Read<PhotoBatch>();
                if (batch.IsSettled() && inProgress.Count == 0)
                {
                    settled++;
                    settledSentAt = batch.SentAt > settledSentAt || settledSentAt is null ? batch.SentAt : settledSentAt;
                }
                else if (batch.SentAt is null)
                {
                    return new SearchProgress(search, settled, settledSentAt, inProgress);
                }
                else
                {
                    inProgress.Add(batch);
                }
            }
        }

        return new SearchProgress(search, settled, settledSentAt, inProgress);
    }

    /// <summary>Whether the search will not change any more, unless it is deleted.</summary>
    public bool IsEnded() => Search.Stage switch
    {
        SearchStage.Listing => false,
        SearchStage.Listed => Settled == Search.BatchCount(),
        _ => true,
    };

    /// <summary>The progress as a text that changes with every step.</summary>
    public override string ToString() =>
        $"{Search.Stage}/{Search.Listings}/{Search.Pages.Count}/{Search.Generation}/{Settled}/{InProgress.Sum(batch => batch.SettledCount())}/{InProgress.Sum(batch => batch.Photos.Count(photo => photo.RetryAt is not null))}";

    /// <summary>When the newest batch with a settled photo was sent; null if there is none since the last check.</summary>
    public DateTimeOffset? NewestSettling() => InProgress.Where(batch => batch.SettledCount() > 0).Select(batch => batch.SentAt).Append(SettledSentAt).Max();

    /// <summary>When the oldest unsettled batch was sent; null if none is in progress.</summary>
    public DateTimeOffset? OldestSent() => InProgress.Where(batch => !batch.IsSettled()).Min(batch => batch.SentAt);
}
