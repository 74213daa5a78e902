using System.Text.Json.Nodes;
using FindMe.DemoNetworks;

namespace FindMe.Apps.Tests.Collect;

public sealed class NetworkSearchTests(NetworkedFindMe findMe)
{
    [Theory]
    [InlineData("mastodon")]
    [InlineData("bluesky")]
    [InlineData("x")]
    public async Task A_search_of_twelve_pages_finds_the_person_while_it_runs_and_finishes(string source)
    {
        using var ada = await findMe.NewVisitorAsync();
        var network = findMe.NetworkOf(source);
        var posts = findMe.PublishTwelvePages(network, $"calm{source}");
        var calls = network.Calls.Of("search").Count;

        var search = await ada.SearchAsync(NetworkedFindMe.Wish(source, $"#calm{source}"));
        var events = await ada.EventsAsync(search);
        var view = await ada.GetAsync($"/api/searches/{search}");

        AssertTwelvePages(view, posts);
        Assert.Equal(12, network.Calls.Of("search").Skip(calls).Count(call => call.Status == 200));
        var first = events.FindIndex(entry => entry.Data["matches"]!.AsArray().Count > 0);
        Assert.InRange(first, 0, events.Count - 2);
        var match = view["matches"]![0]!;
        Assert.Equal(source, match["post"]!["network"]!.GetValue<string>());
        Assert.NotNull(match["post"]!["url"]);
        using var picture = await ada.Http.GetAsync(new Uri(match["photo"]!["url"]!.GetValue<string>() + "?width=320", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal("image/jpeg", picture.Content.Headers.ContentType!.MediaType);

        // X charges for names, and is asked for those of the matches alone.
        var named = await ada.UntilAsync(search, view => view["matches"]!.AsArray().All(match => match!["post"]!["author"] is not null), seconds: 20);
        Assert.All(named["matches"]!.AsArray(), match => Assert.Contains("ann", match!["post"]!["author"]!.GetValue<string>(), StringComparison.Ordinal));
        var matches = named["matches"]!.AsArray().Count;
        Assert.InRange(named["cost"]!.GetValue<decimal>(), source == "x" ? (posts * 0.005m) + (matches * 0.005m) + 0.01m : 0, source == "x" ? (posts * 0.005m) + (matches * 0.015m) : 0);
        if (source == "x")
        {
            var asked = network.Calls.Of("posts").SelectMany(call => IdsOf(call.PathAndQuery)).ToHashSet();
            Assert.All(named["matches"]!.AsArray(), match => Assert.Contains(match!["post"]!["id"]!.GetValue<string>(), asked));
            Assert.All(named["skipped"]!.AsArray(), skipped => Assert.DoesNotContain(skipped!["photo"]!["id"]!.GetValue<string>().Split('/')[0], asked));
        }
    }

    [Theory]
    [InlineData("mastodon")]
    [InlineData("bluesky")]
    [InlineData("x")]
    public async Task A_network_in_trouble_costs_a_wait_and_no_photo(string source)
    {
        using var ada = await findMe.NewVisitorAsync();
        var network = findMe.NetworkOf(source);
        var posts = findMe.PublishTwelvePages(network, $"storm{source}");
        network.Faults.Add(new Fault("search", FaultKind.RateLimited, AtCall: 3) { ResetAfter = TimeSpan.FromSeconds(2) });
        network.Faults.Add(new Fault("search", FaultKind.ServerError, AtCall: 6, Times: 2));
        network.Faults.Add(new Fault("search", FaultKind.Disconnect, AtCall: 9));
        network.Faults.Add(new Fault("search", FaultKind.Malformed, AtCall: 11));
        network.Faults.Add(new Fault("search", FaultKind.Unavailable, AtCall: 13, Times: 5));

        var search = await ada.SearchAsync(NetworkedFindMe.Wish(source, $"#storm{source}"));
        var waiting = await ada.UntilAsync(search, view => view["waitingUntil"] is not null, seconds: 20);
        var view = await ada.UntilEndedAsync(search, seconds: 60);

        Assert.Equal("waiting", Visitor.Status(waiting));
        AssertTwelvePages(view, posts);

        // A page whose answer could not be read may have been paid: that one, of up to 64 posts, counts in full, and nothing else does.
        Assert.InRange(view["cost"]!.GetValue<decimal>(), source == "x" ? posts * 0.005m : 0, source == "x" ? ((posts + 64) * 0.005m) + (view["matches"]!.AsArray().Count * 0.015m) : 0);
    }

    [Fact]
    public async Task What_cannot_be_had_of_a_post_is_skipped_with_the_reason_and_all_else_is_compared()
    {
        using var ada = await findMe.NewVisitorAsync();
        var faults = new (MediaBehaviour Behaviour, string Format, string? Reason)[]
        {
            (MediaBehaviour.Serve, "png", null),
            (MediaBehaviour.Serve, "webp", null),
            (MediaBehaviour.Serve, "gif", null),
            (MediaBehaviour.WrongContentType, "jpg", null),
            (MediaBehaviour.FailsOnce, "jpg", null),
            (MediaBehaviour.SlowOnce, "jpg", null),
            (MediaBehaviour.Serve, "heic", "HEIC"),
            (MediaBehaviour.Corrupt, "jpg", "damaged"),
            (MediaBehaviour.Missing, "jpg", "deleted"),
            (MediaBehaviour.Slow, "jpg", "did not answer in"),
            (MediaBehaviour.Oversized, "jpg", "larger than"),
            (MediaBehaviour.RedirectToPrivate, "jpg", "public internet"),
        };
        foreach (var (number, (behaviour, format, _)) in faults.Index())
        {
            findMe.Bench.Mastodon.Publish(new ScenarioPost
            {
                Text = "#faults",
                MinutesAgo = number,
                Media = [new() { Picture = $"mosaic/{9000 + number}", Behaviour = behaviour, Format = format, Alt = $"{number}" }],
            });
        }

        findMe.Bench.Mastodon.Publish(new ScenarioPost { Text = "#faults", MinutesAgo = 50, Media = [new() { Picture = "mosaic/9100", OnlyRemote = true }] });
        findMe.Bench.Mastodon.Publish(new ScenarioPost { Text = "#faults", MinutesAgo = 51, Media = [new() { Picture = "mosaic/9101", Kind = MediaKind.Video }, new() { Kind = MediaKind.Audio }] });
        findMe.Bench.Mastodon.Publish(new ScenarioPost { Text = "#faults", MinutesAgo = 52, DeletedAfterSearch = true, Media = [new() { Picture = "mosaic/9102" }] });

        var view = await ada.UntilEndedAsync(await ada.SearchAsync(NetworkedFindMe.Wish("mastodon", "#faults")), seconds: 60);

        Assert.Equal("finished", Visitor.Status(view));
        Assert.Equal(15, Visitor.Count(view, "found"));
        var reasons = view["skipped"]!.AsArray().Select(skipped => skipped!["reason"]!.GetValue<string>()).ToList();
        foreach (var reason in faults.Select(fault => fault.Reason).OfType<string>().Append("Only the video's preview was compared. The video was deleted"))
        {
            Assert.Contains(reasons, text => text.Contains(reason, StringComparison.Ordinal));
        }

        Assert.Equal(8, reasons.Count);
        Assert.Equal(7, Visitor.Count(view, "compared"));
        Assert.Equal(0, findMe.Bench.PrivateHits);
    }

    [Fact]
    public async Task On_Mastodon_posts_known_to_several_instances_count_once_and_people_who_want_no_robots_are_left_alone()
    {
        using var ada = await findMe.NewVisitorAsync();
        var photo = new ScenarioMedia { Picture = "mosaic/9200" };
        void Publish(int minutes, string author = "ann", string visibility = "public", string language = "en", params int[] instances) => findMe.Bench.Mastodon.Publish(
            new ScenarioPost { Text = "#polite", Author = author, Visibility = visibility, Language = language, MinutesAgo = minutes, Instances = instances, Media = [photo] });
        Publish(1);
        Publish(2, instances: [1]);
        Publish(3, author: "shy");
        Publish(4, author: "nob");
        Publish(5, visibility: "unlisted");
        Publish(6, language: "de");
        Publish(90);

        var since = TimeProvider.System.GetUtcNow().AddMinutes(-60);
        var view = await ada.UntilEndedAsync(await ada.SearchAsync(new { source = "mastodon", query = "#polite", since, language = "en" }), seconds: 30);

        Assert.Equal(2, Visitor.Count(view, "found"));
        var notices = view["notices"]!.AsArray().Select(notice => notice!.GetValue<string>()).ToList();
        Assert.Contains(notices, notice => notice.Contains("opted out", StringComparison.Ordinal));
        Assert.Contains(notices, notice => notice.Contains("signed-in users only", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(EndlessFeed.SamePage)]
    [InlineData(EndlessFeed.SamePosts)]
    public async Task An_instance_of_Mastodon_that_names_no_end_is_left_for_the_next_one(EndlessFeed endless)
    {
        using var ada = await findMe.NewVisitorAsync();
        var instance = findMe.Bench.MastodonInstances[0];
        var media = new ScenarioMedia { Picture = "mosaic/9210", Behaviour = MediaBehaviour.Missing };
        findMe.Bench.Mastodon.Publish(new ScenarioPost { Text = $"#{endless}", Instances = [0], Media = [media] });
        findMe.Bench.Mastodon.Publish(new ScenarioPost { Text = $"#{endless}", Instances = [1], Media = [media] });
        var calls = instance.Calls.Of("search").Count;
        instance.Endless = endless;

        var view = await ada.UntilEndedAsync(await ada.SearchAsync(NetworkedFindMe.Wish("mastodon", $"#{endless}")), seconds: 60);
        instance.Endless = EndlessFeed.None;

        Assert.Equal("finished", Visitor.Status(view));
        Assert.Equal(2, Visitor.Count(view, "found"));
        Assert.InRange(instance.Calls.Of("search").Count - calls, 1, 8);
    }

    // A letter that is two bytes on its way takes six in the store: more than the store's sidecar takes at once, if all were kept.
    [Fact]
    public async Task A_page_of_posts_with_long_descriptions_is_listed()
    {
        using var ada = await findMe.NewVisitorAsync();
        for (var number = 0; number < 10; number++)
        {
            var media = new ScenarioMedia { Picture = "mosaic/9220", Behaviour = MediaBehaviour.Missing, Alt = new string('é', 18_000) };
            findMe.Bench.Mastodon.Publish(new ScenarioPost { Text = "#long", MinutesAgo = number, Media = [media, media, media, media] });
        }

        var view = await ada.UntilEndedAsync(await ada.SearchAsync(NetworkedFindMe.Wish("mastodon", "#long")), seconds: 30);

        Assert.Equal("finished", Visitor.Status(view));
        Assert.Equal(40, Visitor.Count(view, "found"));
    }

    [Fact]
    public async Task Where_the_last_instance_of_Mastodon_is_dead_Bluesky_is_searched_all_the_same()
    {
        using var ada = await findMe.NewVisitorAsync();
        var dead = findMe.Bench.MastodonInstances[^1];
        var media = new ScenarioMedia { Picture = "mosaic/9230", Behaviour = MediaBehaviour.Missing };
        findMe.Bench.Mastodon.Publish(new ScenarioPost { Text = "#both", Instances = [0], Media = [media] });
        findMe.Bench.Bluesky.Publish(new ScenarioPost { Text = "#both", Media = [media] });
        dead.HashtagFeeds = FeedAccess.Public;
        dead.Faults.Add(new Fault("*", FaultKind.Unavailable, Times: 1000));

        var view = await ada.UntilEndedAsync(await ada.SearchAsync(NetworkedFindMe.Wish("hashtags", "#both")), seconds: 60);
        dead.HashtagFeeds = FeedAccess.Authenticated;

        Assert.Equal("finished", Visitor.Status(view));
        Assert.Equal(2, Visitor.Count(view, "found"));
        Assert.Contains(view["notices"]!.AsArray(), notice => notice!.GetValue<string>().StartsWith("mastodon was skipped", StringComparison.Ordinal));
    }

    [Fact]
    public async Task On_Bluesky_every_kind_of_post_is_read_and_labels_are_honoured_also_by_the_older_search()
    {
        using var ada = await findMe.NewVisitorAsync();
        void Publish(BlueskyEmbed embed, int photos, string author = "ann", params string[] labels) => findMe.Bench.Bluesky.Publish(new ScenarioPost
        {
            Text = "#kinds",
            Author = author,
            Embed = embed,
            Labels = labels,
            MinutesAgo = (int)embed + photos,
            Media = [.. Enumerable.Range(0, photos).Select(number => new ScenarioMedia { Picture = $"mosaic/{9300 + (int)embed}", Behaviour = MediaBehaviour.Missing })],
        });
        Publish(BlueskyEmbed.Images, 4);
        Publish(BlueskyEmbed.Gallery, 20);
        Publish(BlueskyEmbed.RecordWithMedia, 2);
        Publish(BlueskyEmbed.RecordWithGallery, 3);
        Publish(BlueskyEmbed.Video, 1);
        Publish(BlueskyEmbed.External, 1);
        Publish(BlueskyEmbed.Images, 1, labels: "!hide");
        Publish(BlueskyEmbed.Images, 1, author: "mem");

        foreach (var isNewer in new[] { true, false })
        {
            findMe.Bench.Bluesky.SearchV2 = isNewer;
            var view = await ada.UntilEndedAsync(await ada.SearchAsync(NetworkedFindMe.Wish("bluesky", "#kinds")), seconds: 30);
            Assert.Equal(30, Visitor.Count(view, "found"));
            Assert.Contains("signed-in users", view["notices"]![0]!.GetValue<string>(), StringComparison.Ordinal);
        }

        findMe.Bench.Bluesky.SearchV2 = true;
    }

    [Theory]
    [InlineData(XDialect.Tweet)]
    [InlineData(XDialect.Post)]
    public async Task On_X_all_pictures_of_a_post_are_had_and_what_X_leaves_out_is_said(XDialect dialect)
    {
        using var ada = await findMe.NewVisitorAsync();
        findMe.X.Dialect = dialect;
        var tag = $"#all{dialect}";
        ScenarioMedia Gone(MediaKind kind = MediaKind.Photo) => new() { Picture = "mosaic/9400", Behaviour = MediaBehaviour.Missing, Kind = kind };
        findMe.X.Publish(new ScenarioPost { Text = tag, MinutesAgo = 1, Media = [Gone(), Gone(), Gone(), Gone()] });
        findMe.X.Publish(new ScenarioPost { Text = tag, MinutesAgo = 2, Media = [Gone(MediaKind.Video)] });
        findMe.X.Publish(new ScenarioPost { Text = tag, MinutesAgo = 3, Media = [Gone(MediaKind.AnimatedGif)] });
        findMe.X.Publish(new ScenarioPost { Text = tag, MinutesAgo = 4, Media = [Gone() with { MissingFromIncludes = true }, Gone()] });

        var view = await ada.UntilEndedAsync(await ada.SearchAsync(NetworkedFindMe.Wish("x", tag)), seconds: 30);

        // X may go back to its older names: FindMe follows, and guesses right for whoever comes next.
        findMe.X.Dialect = XDialect.Tweet;
        var again = await ada.UntilEndedAsync(await ada.SearchAsync(NetworkedFindMe.Wish("x", tag)), seconds: 30);

        Assert.Equal(7, Visitor.Count(view, "found"));
        Assert.Equal(7, Visitor.Count(again, "found"));
        Assert.Equal(4, view["posts"]!.GetValue<int>());
        Assert.Contains("no address", view["notices"]![0]!.GetValue<string>(), StringComparison.Ordinal);
    }

    private static string[] IdsOf(string pathAndQuery) =>
        Uri.UnescapeDataString(pathAndQuery[(pathAndQuery.IndexOf("ids=", StringComparison.Ordinal) + 4)..pathAndQuery.IndexOf("&expansions", StringComparison.Ordinal)]).Split(',');

    private static void AssertTwelvePages(JsonNode view, int posts)
    {
        Assert.Equal("finished", Visitor.Status(view));
        Assert.Equal(posts, view["posts"]!.GetValue<int>());
        Assert.Equal(120, Visitor.Count(view, "found"));
        Assert.Equal(12, Visitor.Count(view, "compared"));
        Assert.Equal(108, Visitor.Count(view, "skipped"));
        var told = view["matches"]!.AsArray().Concat(view["skipped"]!.AsArray()).Select(entry => entry!["photo"]!["id"]!.GetValue<string>()).ToList();
        Assert.Equal(told.Count, told.Distinct().Count());
        Assert.NotEmpty(view["matches"]!.AsArray());
    }
}
