
using Dapr;
using Dapr.Client;

namespace FindMe.Pipeline;

/// <summary>Reads and writes the verdicts on photos: exactly one a photo, whoever is first.</summary>
/// <param name="dapr">The state store and the broker.</param>
/// <param name="time">The clock.</param>
public sealed class Verdicts(DaprClient dapr, TimeProvider time)
{
    /// <summary>Reads what a photo needs to be compared.</summary>
    /// <param name="image">The photo.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Its search and its shard with the shard's ETag; null when the search is no longer open, so that nothing is to be done.</returns>
    /// <exception cref="DaprException">The store could not be read.</exception>
    public async Task<(Search Search, PhotoShard Shard, string ETag)?> ReadAsync(TweetImage image, CancellationToken cancellationToken)
    {
        var searchKey = StateKeys.Search(image.SearchId);
        var shardKey = ShardKey(image);
        var found = await dapr.GetBulkStateAsync(StateKeys.Store, [searchKey, shardKey], cancellationToken);
        if (!found.TryGetValue(searchKey, out var searchEntry) || !found.TryGetValue(shardKey, out var shardEntry))
        {
            return null;
        }

        var search = searchEntry.Value.Read<Search>();
        return search.IsOpen() ? (search, shardEntry.Value.Read<PhotoShard>(), shardEntry.ETag) : null;
    }

    /// <summary>Writes a verdict, unless there is one or the search is no longer open; then asks for the next wave if this one is settled.</summary>
    /// <param name="image">The photo.</param>
    /// <param name="verdict">Its verdict.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">It is not known whether the verdict was written; settling again is safe.</exception>
    public async Task SettleAsync(TweetImage image, Verdict verdict, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            if (await ReadAsync(image, cancellationToken) is not var (search, shard, etag))
            {
                return;
            }

            if (IsSettled(shard, image))
            {
                await ContinueAsync(image, shard, cancellationToken);
                return;
            }

            var settled = shard.Settle(image.Index, verdict);
            if (await dapr.TrySaveStateAsync(StateKeys.Store, ShardKey(image), settled, etag, search.TimeToLive(time.GetUtcNow()), cancellationToken))
            {
                PipelineMetrics.Settled(verdict);
                await ContinueAsync(image, settled, cancellationToken);
                return;
            }

            await StateUpdates.BackOffAsync(attempt, ShardKey(image), cancellationToken);
        }
    }

    /// <summary>Notes that a photo failed every time and is to be tried once more, unless it has a verdict or its search is no longer open.</summary>
    /// <param name="image">The photo.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">It is not known whether it was noted; noting it again is safe.</exception>
    public async Task MarkFailedAsync(TweetImage image, CancellationToken cancellationToken)
    {
        if (await ReadAsync(image, cancellationToken) is var (search, _, _))
        {
            await dapr.UpdateStateAsync<PhotoShard>(
                ShardKey(image),
                shard => PhotoOf(shard, image) is { Verdict: null, Failed: false } ? shard.With(image.Index, photo => photo with { Failed = true }) : shard,
                _ => search.TimeToLive(time.GetUtcNow()),
                cancellationToken);
        }
    }

    /// <summary>Whether the photo has its verdict.</summary>
    /// <param name="shard">The photo's shard.</param>
    /// <param name="image">The photo.</param>
    public static bool IsSettled(PhotoShard shard, TweetImage image) => PhotoOf(shard, image).Verdict is not null;

    /// <summary>
    /// Asks for the next wave if the photo was the last of its wave to be settled. To be called after every delivery of the photo: the
    /// one that settled it may have died before it could ask. A wave that is asked for twice is sent once.
    /// </summary>
    /// <param name="image">The photo.</param>
    /// <param name="shard">Its shard, with its verdict.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">It is not known whether the next wave was asked for; asking again is safe.</exception>
    public async Task ContinueAsync(TweetImage image, PhotoShard shard, CancellationToken cancellationToken)
    {
        var wave = PageLayout.WaveOf(image.Index);
        var neighbours = shard.Photos.Where(photo => PageLayout.WaveOf(photo.Index) == wave).ToList();

        // Only the last of the wave in this shard looks at the others: a repeated delivery of an earlier one has nothing to say.
        if (neighbours.Any(photo => photo.Verdict is null)
            || PhotoOf(shard, image).Verdict!.Order != neighbours.Max(photo => photo.Verdict!.Order))
        {
            return;
        }

        var page = new SearchPage(image.Listing, image.PagePhotos);
        var found = await dapr.GetBulkStateAsync(StateKeys.Store, [.. PageLayout.ShardKeys(image.SearchId, page)], cancellationToken);
        var shards = found.Values.Select(entry => entry.Value.Read<PhotoShard>()).ToList();
        var next = wave + PageLayout.WavesInFlight;
        if (PageLayout.IsWaveSettled(shards, wave) && !PageLayout.IsWaveSent(shards, next))
        {
            await dapr.PublishAsync(new SearchRequest { SearchId = image.SearchId, Wave = image.FirstWave + next }, cancellationToken);
        }
    }

    private static ShardPhoto PhotoOf(PhotoShard shard, TweetImage image) => shard.Photos.Single(photo => photo.Index == image.Index);

    private static string ShardKey(TweetImage image) =>
        StateKeys.Shard(image.SearchId, image.Listing, PageLayout.ShardOf(image.Index, image.PagePhotos));
}
