using Dapr;
using Dapr.Client;
using FindMe.Pipeline;

namespace FindMe.Api;

/// <summary>How far a search has come, read from its document and from the batches that are under way.</summary>
/// <param name="Search">Its document.</param>
/// <param name="Settled">Batches from its first one on that are settled.</param>
/// <param name="SettledSentAt">When the newest of those was sent that were not known to be settled; null: there is none.</param>
/// <param name="UnderWay">The batches after those, up to the first one that was not sent.</param>
internal sealed record SearchProgress(Search Search, int Settled, DateTimeOffset? SettledSentAt, IReadOnlyList<PhotoBatch> UnderWay)
{
    // What is under way are two batches, and what was settled since the last look.
    private const int BatchesRead = 8;

    /// <summary>Reads it.</summary>
    /// <returns>Null when the search is deleted, or not there yet.</returns>
    /// <exception cref="DaprException">The store could not be read.</exception>
    public static async Task<SearchProgress?> ReadAsync(DaprClient dapr, OpenSearch open, CancellationToken cancellationToken)
    {
        var search = await dapr.GetStateAsync<Search>(StateKeys.Store, StateKeys.Search(open.Id), cancellationToken);
        if (search is null or { Stage: SearchStage.Deleted })
        {
            return null;
        }

        var (settled, settledSentAt, underWay) = (open.Settled, default(DateTimeOffset?), new List<PhotoBatch>());
        foreach (var keys in search.BatchKeys().Skip(settled).Chunk(BatchesRead))
        {
            var found = await dapr.GetBulkStateAsync(StateKeys.Store, keys, cancellationToken);
            foreach (var key in keys)
            {
                if (!found.TryGetValue(key, out var entry))
                {
                    // It was deleted while it was read.
                    return null;
                }

                var batch = entry.Value.Read<PhotoBatch>();
                if (batch.IsSettled() && underWay.Count == 0)
                {
                    settled++;
                    settledSentAt = batch.SentAt > settledSentAt || settledSentAt is null ? batch.SentAt : settledSentAt;
                }
                else if (batch.SentAt is null)
                {
                    return new SearchProgress(search, settled, settledSentAt, underWay);
                }
                else
                {
                    underWay.Add(batch);
                }
            }
        }

        return new SearchProgress(search, settled, settledSentAt, underWay);
    }

    /// <summary>Nothing about it will change any more, but that it may be deleted.</summary>
    public bool IsEnded() => Search.Stage switch
    {
        SearchStage.Listing => false,
        SearchStage.Listed => Settled == Search.BatchCount(),
        _ => true,
    };

    /// <summary>How far it has come, in one text: any step changes it.</summary>
    public override string ToString() =>
        $"{Search.Stage}/{Search.Listings}/{Search.Pages.Count}/{Search.Generation}/{Settled}/{UnderWay.Sum(batch => batch.SettledCount())}/{UnderWay.Sum(batch => batch.Photos.Count(photo => photo.RetryAt is not null))}";

    /// <summary>When the newest batch was sent of which a photo is settled; null: none was since the last look.</summary>
    public DateTimeOffset? NewestSettling() => UnderWay.Where(batch => batch.SettledCount() > 0).Select(batch => batch.SentAt).Append(SettledSentAt).Max();

    /// <summary>When the oldest batch was sent that is not settled; null: none is under way.</summary>
    public DateTimeOffset? OldestSent() => UnderWay.Where(batch => !batch.IsSettled()).Min(batch => batch.SentAt);
}
