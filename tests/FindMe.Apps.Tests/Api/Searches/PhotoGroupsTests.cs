using FindMe.DemoNetworks;

namespace FindMe.Apps.Tests.Api;

public sealed class PhotoGroupsTests(NetworkedFindMe findMe)
{
    [Fact]
    public async Task A_picture_that_is_posted_again_smaller_or_cut_or_on_another_network_counts_once_and_names_all_its_posts()
    {
        using var ada = await findMe.NewVisitorAsync();
        string[] journeys = ["", "?scale=50", "?cut=2"];
        var minutes = 0;
        foreach (var photo in Enumerable.Range(0, 6))
        {
            foreach (var journey in journeys)
            {
                findMe.Bench.Mastodon.Publish(new ScenarioPost { Text = "#again", MinutesAgo = ++minutes, Media = [new() { Picture = $"demo/{photo}{journey}" }] });
            }

            findMe.Bench.Bluesky.Publish(new ScenarioPost { Text = "#again", MinutesAgo = ++minutes, Media = [new() { Picture = $"demo/{photo}", Format = "webp" }] });
        }

        var search = await ada.SearchAsync(new { source = "hashtags", query = "#again" });
        var view = await ada.UntilEndedAsync(search, seconds: 150);

        Assert.Equal(24, Visitor.Count(view, "compared"));
        var groups = view["groups"]!.AsArray();
        Assert.NotEmpty(groups);
        foreach (var group in groups)
        {
            Assert.Equal(4, group!["photos"]!.AsArray().Count);
            Assert.Equal(["bluesky", "mastodon"], group["posts"]!.AsArray().Select(post => post!["network"]!.GetValue<string>()).Distinct().Order(StringComparer.Ordinal));
        }

        // Every match stands in a group of its own picture, and the list of searches counts pictures.
        Assert.Equal(4 * groups.Count, view["matches"]!.AsArray().Count);
        var summary = (await ada.GetAsync("/api/searches"))[0]!;
        Assert.Equal(groups.Count, summary["matches"]!.GetValue<int>());
    }
}
