using FindMe.Pipeline;
using FindMe.Pipeline.Dapr;

namespace FindMe.Collect;

/// <summary>Sends photos to the comparers, wave by wave.</summary>
/// <remarks>
/// A wave may go when the one <see cref="PageLayout.WavesInFlight"/> before it is settled. Compare asks for it when that happens; a
/// page that is listed later looks itself. Each looks after it has written, so one of the two always sees the other.
/// </remarks>
internal sealed class PhotoWaves(DaprClient dapr)
{
    /// <summary>Sends one wave, if it is listed already.</summary>
    public async Task ReleaseAsync(Search search, int wave, CancellationToken cancellationToken)
    {
        if (PageLayout.PageOfWave(search.Pages, wave) is not var (page, first))
        {
            return;
        }

        var shards = await ShardsAsync(search.Id, page, cancellationToken);
        await SendAsync(search.Id, page, first, shards, photo => first + PageLayout.WaveOf(photo.Index) == wave, cancellationToken);
    }

    /// <summary>Sends those waves of a page whose turn it is.</summary>
    public async Task ReleaseDueAsync(Search search, int pageNumber, CancellationToken cancellationToken)
    {
        if (pageNumber >= search.Pages.Count || !search.IsOpen())
        {
            return;
        }

        var page = search.Pages[pageNumber];
        var first = search.Pages.Take(pageNumber).Sum(earlier => PageLayout.WavesOf(earlier.Photos));
        var shards = await ShardsAsync(search.Id, page, cancellationToken);
        var due = new HashSet<int>();
        for (var wave = first; wave < first + PageLayout.WavesOf(page.Photos); wave++)
        {
            if (wave < PageLayout.WavesInFlight || await IsSettledAsync(search, wave - PageLayout.WavesInFlight, cancellationToken))
            {
                due.Add(wave);
            }
        }

        await SendAsync(search.Id, page, first, shards, photo => due.Contains(first + PageLayout.WaveOf(photo.Index)), cancellationToken);
    }

    private async Task<bool> IsSettledAsync(Search search, int wave, CancellationToken cancellationToken)
    {
        var (page, first) = PageLayout.PageOfWave(search.Pages, wave)!.Value;
        return PageLayout.IsWaveSettled(await ShardsAsync(search.Id, page, cancellationToken), wave - first);
    }

    private async Task<IReadOnlyList<PhotoShard>> ShardsAsync(string search, SearchPage page, CancellationToken cancellationToken)
    {
        var found = await dapr.GetBulkStateAsync(StateKeys.Store, [.. PageLayout.ShardKeys(search, page)], cancellationToken);
        return [.. found.Values.Select(entry => entry.Value.Read<PhotoShard>())];
    }

    private Task SendAsync(
        string search, SearchPage page, int firstWave, IEnumerable<PhotoShard> shards, Func<ShardPhoto, bool> isDue, CancellationToken cancellationToken)
    {
        var images = shards
            .SelectMany(shard => shard.Photos)
            .Where(photo => photo.Verdict is null && isDue(photo))
            .OrderBy(photo => photo.Index)
            .Select(photo => TweetImage.Of(search, page, firstWave, photo));
        return dapr.BulkPublishEventAsync(Topics.PubSub, Topics.TweetImage, images.Select(image => (image.EventId(), image)), cancellationToken);
    }
}
