using FindMe.Pipeline;

namespace FindMe.Apps.Tests.Pipeline;

public sealed class PageLayoutTests
{
    [Fact]
    public void Every_photo_of_every_page_lies_in_one_shard_of_at_most_32_and_in_one_wave()
    {
        for (var photos = 1; photos <= PageLayout.MaxPhotosPerPage; photos++)
        {
            var shards = Enumerable.Range(0, photos).GroupBy(index => PageLayout.ShardOf(index, photos)).ToList();
            Assert.Equal(Enumerable.Range(0, PageLayout.ShardsOf(photos)), shards.Select(shard => shard.Key).Order());
            Assert.All(shards, shard => Assert.InRange(shard.Count(), 1, PageLayout.PhotosPerShard));
            Assert.Equal(PageLayout.WavesOf(photos), Enumerable.Range(0, photos).Select(PageLayout.WaveOf).Distinct().Count());
        }
    }

    [Fact]
    public void A_thousand_photos_lie_in_at_most_32_shards()
    {
        Assert.InRange((3 * PageLayout.ShardsOf(256)) + PageLayout.ShardsOf(1000 - (3 * 256)), 1, 32);
    }

    [Fact]
    public void A_wave_is_found_on_its_page_counted_over_the_whole_search()
    {
        SearchPage[] pages = [new(1, 256), new(2, 0), new(4, 33)];

        Assert.Equal((pages[0], 0), PageLayout.PageOfWave(pages, 0));
        Assert.Equal((pages[0], 0), PageLayout.PageOfWave(pages, 15));
        Assert.Equal((pages[2], 16), PageLayout.PageOfWave(pages, 16));
        Assert.Equal((pages[2], 16), PageLayout.PageOfWave(pages, 18));
        Assert.Null(PageLayout.PageOfWave(pages, 19));
    }
}
