namespace FindMe.Pipeline;

/// <summary>How the photos of one page lie in shards and go out in waves. Pure arithmetic, the same for all apps.</summary>
/// <remarks>
/// A shard holds about <see cref="PhotosPerShard"/> photos, so that the status of a search is read in few keys. Neighbours lie in
/// different shards, so that comparers at work on neighbours seldom meet on one document. A wave is a run of neighbours that is
/// sent to the comparers together; the next but one goes when it is settled, so that a large search cannot fill the queue.
/// </remarks>
public static class PageLayout
{
    /// <summary>Photos in a shard: 32 verdicts are about 10 kB, and 1,000 photos then lie in 32 documents.</summary>
    public const int PhotosPerShard = 32;

    /// <summary>The largest number of photos of one page: 8 shards.</summary>
    public const int MaxPhotosPerPage = 256;

    /// <summary>
    /// Photos in a wave. With <see cref="WavesInFlight"/>, 32 photos of a search are under way: enough for 16 replicas that compare two at a
    /// time, and few enough that a search of 20 photos behind a large one waits for less than twice its own time.
    /// </summary>
    public const int PhotosPerWave = 16;

    /// <summary>Waves of one search that may be with the comparers at the same time.</summary>
    public const int WavesInFlight = 2;

    /// <summary>How many shards a page of so many photos has.</summary>
    /// <param name="photos">0 to <see cref="MaxPhotosPerPage"/>.</param>
    public static int ShardsOf(int photos) => (photos + PhotosPerShard - 1) / PhotosPerShard;

    /// <summary>How many waves a page of so many photos has.</summary>
    /// <param name="photos">0 to <see cref="MaxPhotosPerPage"/>.</param>
    public static int WavesOf(int photos) => (photos + PhotosPerWave - 1) / PhotosPerWave;

    /// <summary>The shard of its page in which a photo lies.</summary>
    /// <param name="index">The photo's place on its page.</param>
    /// <param name="photos">How many photos the page has.</param>
    public static int ShardOf(int index, int photos) => index % ShardsOf(photos);

    /// <summary>The wave of its page in which a photo goes out, counted from 0.</summary>
    /// <param name="index">The photo's place on its page.</param>
    public static int WaveOf(int index) => index / PhotosPerWave;

    /// <summary>The keys of a page's shards.</summary>
    public static IEnumerable<string> ShardKeys(string search, SearchPage page) =>
        Enumerable.Range(0, ShardsOf(page.Photos)).Select(shard => StateKeys.Shard(search, page.Listing, shard));

    /// <summary>The page that a wave belongs to, and the first wave of that page.</summary>
    /// <param name="pages">The pages listed so far.</param>
    /// <param name="wave">Counted from 0 over the whole search.</param>
    /// <returns>Null when no page listed so far has that wave.</returns>
    public static (SearchPage Page, int FirstWave)? PageOfWave(IReadOnlyList<SearchPage> pages, int wave)
    {
        var first = 0;
        foreach (var page in pages)
        {
            var waves = WavesOf(page.Photos);
            if (wave < first + waves)
            {
                return (page, first);
            }

            first += waves;
        }

        return null;
    }

    /// <summary>Whether a wave was sent to the comparers already.</summary>
    /// <param name="shards">All shards of one page.</param>
    /// <param name="wave">The wave, counted from 0 on that page.</param>
    public static bool IsWaveSent(IEnumerable<PhotoShard> shards, int wave) => SentAt(shards, wave) is not null;

    /// <summary>When a wave was sent to the comparers, the last time; null: it was not.</summary>
    /// <param name="shards">All shards of one page.</param>
    /// <param name="wave">The wave, counted from 0 on that page.</param>
    public static DateTimeOffset? SentAt(IEnumerable<PhotoShard> shards, int wave) =>
        shards.SelectMany(shard => shard.Sent).Where(sent => sent.Wave == wave).Max(sent => (DateTimeOffset?)sent.At);

    /// <summary>Whether every photo of one wave that lies in these shards is settled.</summary>
    /// <param name="shards">Shards of one page.</param>
    /// <param name="wave">The wave, counted from 0 on that page.</param>
    public static bool IsWaveSettled(IEnumerable<PhotoShard> shards, int wave) =>
        shards.SelectMany(shard => shard.Photos).All(photo => WaveOf(photo.Index) != wave || photo.Verdict is not null);
}
