using Dapr.Client;
using FindMe.Pipeline;

namespace FindMe.Collect;

/// <summary>Sends photos to the comparers, wave by wave.</summary>
/// <remarks>
/// A wave may go when the one <see cref="PageLayout.WavesInFlight"/> before it is settled. Compare asks for it when that happens; a
/// page that is listed later looks itself. Each looks after it has written, so one of the two always sees the other.
/// That a wave was sent is noted after it was. Steps are asked for more than once, and photos are delivered more than once: without the
/// note copies of photos would ask for copies of waves, whose copies would ask for more.
/// </remarks>
internal sealed class PhotoWaves(DaprClient dapr, TimeProvider time)
{
    /// <summary>Sends one wave, if it is listed already and was not sent before.</summary>
    public async Task ReleaseAsync(Search search, int wave, CancellationToken cancellationToken)
    {
        if (PageLayout.PageOfWave(search.Pages, wave) is not var (page, first))
        {
            return;
        }

        var shards = await ShardsAsync(search.Id, page, cancellationToken);
        await SendAsync(search, page, first, shards, [wave - first], cancellationToken);
    }

    /// <summary>Sends those waves of a page whose turn it is.</summary>
    /// <param name="search">The search.</param>
    /// <param name="pageNumber">The page, counted from 0; nothing happens where it is not listed.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="sentBefore">Also those that were sent before then and are not settled: they are sent once more. Null: only those that were not sent.</param>
    public async Task ReleaseDueAsync(Search search, int pageNumber, CancellationToken cancellationToken, DateTimeOffset? sentBefore = null)
    {
        if (pageNumber >= search.Pages.Count || !search.IsOpen())
        {
            return;
        }

        var page = search.Pages[pageNumber];
        var first = search.Pages.Take(pageNumber).Sum(earlier => PageLayout.WavesOf(earlier.Photos));
        var shards = await ShardsAsync(search.Id, page, cancellationToken);
        var due = new List<int>();
        for (var wave = 0; wave < PageLayout.WavesOf(page.Photos); wave++)
        {
            if (PageLayout.SentAt(shards, wave) is { } sent
                ? sent < sentBefore && !PageLayout.IsWaveSettled(shards, wave)
                : await IsDueAsync(search, first + wave, first, shards, cancellationToken))
            {
                due.Add(wave);
            }
        }

        await SendAsync(search, page, first, shards, due, cancellationToken, again: sentBefore is not null);
    }

    // The waves of the page at hand are in its shards; only its first ones look at an earlier page.
    private async Task<bool> IsDueAsync(Search search, int wave, int firstOfPage, IReadOnlyList<PhotoShard> shards, CancellationToken cancellationToken)
    {
        var before = wave - PageLayout.WavesInFlight;
        if (before < 0)
        {
            return true;
        }

        if (before >= firstOfPage)
        {
            return PageLayout.IsWaveSettled(shards, before - firstOfPage);
        }

        var (page, first) = PageLayout.PageOfWave(search.Pages, before)!.Value;
        return PageLayout.IsWaveSettled(await ShardsAsync(search.Id, page, cancellationToken), before - first);
    }

    private async Task<IReadOnlyList<PhotoShard>> ShardsAsync(string search, SearchPage page, CancellationToken cancellationToken)
    {
        var found = await dapr.GetBulkStateAsync(StateKeys.Store, [.. PageLayout.ShardKeys(search, page)], cancellationToken);
        return [.. found.Values.Select(entry => entry.Value.Read<PhotoShard>())];
    }

    private async Task SendAsync(
        Search search,
        SearchPage page,
        int firstWave,
        IReadOnlyList<PhotoShard> shards,
        IEnumerable<int> waves,
        CancellationToken cancellationToken,
        bool again = false)
    {
        var going = waves.Where(wave => again || !PageLayout.IsWaveSent(shards, wave)).ToList();
        if (going.Count == 0)
        {
            return;
        }

        var images = shards
            .SelectMany(shard => shard.Photos)
            .Where(photo => photo.Verdict is null && going.Contains(PageLayout.WaveOf(photo.Index)))
            .OrderBy(photo => photo.Index)
            .Select(photo => TweetImage.Of(search.Id, page, firstWave, photo));
        await dapr.BulkPublishAsync(Topics.TweetImage, images.Select(image => (image.EventId(), image)), cancellationToken);

        var now = time.GetUtcNow();

        // In turn in the page's shards, which are written by comparers too.
        var keys = PageLayout.ShardKeys(search.Id, page).ToList();
        await dapr.UpdateStateAsync<PhotoShard>(
            keys[going[0] % keys.Count],
            shard => shard with { Sent = [.. shard.Sent.Where(sent => !going.Contains(sent.Wave)), .. going.Select(wave => new SentWave(wave, now))] },
            _ => search.TimeToLive(time.GetUtcNow()),
            cancellationToken);
    }
}
