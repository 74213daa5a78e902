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
        Pages = [new(1, 256, 0), new(2, 0, 8), new(4, 33, 8)],
    };

    [Fact]
    public void Every_photo_of_every_page_lies_in_one_batch_of_at_most_32()
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
        Assert.Equal(10, Search.BatchCount());
        Assert.Equal("search/s/batch/1-0", Search.BatchKey(0));
        Assert.Equal("search/s/batch/1-7", Search.BatchKey(7));
        Assert.Equal("search/s/batch/4-0", Search.BatchKey(8));
        Assert.Equal("search/s/batch/4-1", Search.BatchKey(9));
        Assert.Null(Search.BatchKey(10));
        Assert.Equal(Enumerable.Range(0, 10).Select(Search.BatchKey), Search.BatchKeys());
    }

    [Fact]
    public void The_photo_that_makes_it_half_requests_the_next_batch_and_the_last_one_the_names_of_authors_on_X()
    {
        var (album, x) = (Search, Search with { Source = SourceNames.X });
        var settled = new PhotoBatch { Photos = [PhotoAt(0), PhotoAt(1), PhotoAt(2)] };
        foreach (var index in (int[])[1, 2, 0])
        {
            settled = settled.Settle(index, new Verdict { Kind = VerdictKind.Match });
        }

        Assert.Empty(settled.StepsAfter(x, ImageOf(1)));
        Assert.Equal([new ReleaseBatch { SearchId = "s", Batch = 9 }], settled.StepsAfter(x, ImageOf(2)));
        Assert.Equal([new NameAuthors { SearchId = "s", Batch = 8 }], settled.StepsAfter(x, ImageOf(0)));
        Assert.Empty(settled.StepsAfter(album, ImageOf(0)));
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

            Assert.Equal(step, JsonSerializer.Deserialize<SearchRequest>($"{{{sorted}}}", PipelineJson.Strict));
        }

        Assert.Equal(steps.Length, steps.Select(step => step.EventId()).Distinct().Count());
    }

    [Fact]
    public void A_step_of_a_kind_that_this_version_does_not_know_is_read_as_a_step_of_no_kind()
    {
        var step = JsonSerializer.Deserialize<SearchRequest>("""{"searchId":"s","kind":"later"}""", PipelineJson.Strict);

        Assert.Equal((typeof(SearchRequest), "s"), (step!.GetType(), step.SearchId));
    }

    private static BatchPhoto PhotoAt(int index) => new(index, $"{index}", new Post($"{index}"), PhotoLocator.InAlbum("talk", $"{index}.jpg"));

    private static TweetImage ImageOf(int index) => TweetImage.Of("s", Search.Pages[2], PhotoAt(index));
}
