using System.Text.Json;
using FindMe.Pipeline;

namespace FindMe.Apps.Tests.Pipeline;

public sealed class SearchTests
{
    private static readonly Search Search = new()
    {
        Id = "s",
        Person = "ada",
        Source = SourceNames.Album,
        Query = "talk",
        CreatedAt = default,
        ExpiresAt = default,
        Pages = [new(1, 256, 0), new(2, 0, 16), new(4, 33, 16)],
    };

    [Fact]
    public void Every_photo_of_every_page_lies_in_one_batch_of_at_most_16()
    {
        for (var photos = 0; photos <= SearchPage.MaxPhotos; photos++)
        {
            var batches = Enumerable.Range(0, photos).GroupBy(PhotoBatch.Of).ToList();
            Assert.Equal(Enumerable.Range(0, new SearchPage(1, photos, 0).BatchCount()), batches.Select(batch => batch.Key));
            Assert.All(batches, batch => Assert.InRange(batch.Count(), 1, PhotoBatch.Size));
        }
    }

    [Fact]
    public void A_batch_is_found_on_its_page_counted_over_the_whole_search()
    {
        Assert.Equal(19, Search.BatchCount());
        Assert.Equal("search/s/batch/1-0", Search.BatchKey(0));
        Assert.Equal("search/s/batch/1-15", Search.BatchKey(15));
        Assert.Equal("search/s/batch/4-0", Search.BatchKey(16));
        Assert.Equal("search/s/batch/4-2", Search.BatchKey(18));
        Assert.Null(Search.BatchKey(19));
        Assert.Equal(Enumerable.Range(0, 19).Select(Search.BatchKey), Search.BatchKeys());
    }

    [Fact]
    public void Only_the_photo_that_was_settled_last_requests_what_follows_a_batch()
    {
        var batch = new PhotoBatch { Photos = [PhotoAt(0), PhotoAt(1)] };
        var (first, second) = (ImageOf(0), ImageOf(1));
        Assert.Empty(batch.Settle(1, new Verdict { Kind = VerdictKind.Match }).StepsAfter(Search, second));

        var settled = batch.Settle(1, new Verdict { Kind = VerdictKind.Match }).Settle(0, new Verdict { Kind = VerdictKind.No });

        Assert.Empty(settled.StepsAfter(Search, second));
        Assert.Equal([new ReleaseBatch { SearchId = "s", Batch = 18 }], settled.StepsAfter(Search, first));
        Assert.Equal(
            [new ReleaseBatch { SearchId = "s", Batch = 18 }, new NameAuthors { SearchId = "s", Batch = 16 }], settled.StepsAfter(Search with { Source = SourceNames.X }, first));
    }

    [Fact]
    public void Every_kind_of_step_is_read_as_it_was_written_whatever_the_order_of_its_members()
    {
        SearchRequest[] steps =
        [
            ListPage.After(Search),
            new ReleaseBatch { SearchId = "s", Batch = 3 },
            new NameAuthors { SearchId = "s", Batch = 3 },
            new RetryFailedPhotos { SearchId = "s" },
            new ResumeSearch { SearchId = "s", SentBefore = DateTimeOffset.UnixEpoch, LastTry = true },
            new ReopenSearch { SearchId = "s" },
        ];
        foreach (var step in steps)
        {
            var written = JsonSerializer.SerializeToNode(step, PipelineJson.Options)!.AsObject();
            var sorted = string.Join(",", written.Reverse().Select(member => $"\"{member.Key}\":{member.Value!.ToJsonString()}"));

            Assert.Equal(step, JsonSerializer.Deserialize<SearchRequest>($"{{{sorted}}}", PipelineJson.Whole));
        }

        Assert.Equal(steps.Length, steps.Select(step => step.EventId()).Distinct().Count());
    }

    [Fact]
    public void A_step_of_a_kind_that_this_version_does_not_know_is_read_as_a_step_of_no_kind()
    {
        var step = JsonSerializer.Deserialize<SearchRequest>("""{"searchId":"s","kind":"later"}""", PipelineJson.Whole);

        Assert.Equal((typeof(SearchRequest), "s"), (step!.GetType(), step.SearchId));
    }

    private static BatchPhoto PhotoAt(int index) => new(index, $"{index}", new Post($"{index}"), PhotoLocator.InAlbum("talk", $"{index}.jpg"));

    private static TweetImage ImageOf(int index) => TweetImage.Of("s", Search.Pages[2], PhotoAt(index));
}
