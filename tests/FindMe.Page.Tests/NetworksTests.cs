using System.Net.Http.Json;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace FindMe.Page.Tests;

/// <summary>The product with the networks imitated on this machine: <c>--demo-networks</c>.</summary>
public sealed class RunningFindMeWithNetworks : RunningFindMe
{
    private const string Imitated = "imitated: ";

    /// <summary>Where an imitated network listens.</summary>
    internal Uri AddressOf(string network) => new(Output
        .Single(line => line.StartsWith($"{Imitated}{network} ", StringComparison.Ordinal))[(Imitated.Length + network.Length + 1)..]);

    protected override IReadOnlyList<string> MoreArguments => ["--demo-networks"];

    // The most that may be set: other tests keep the same two cores busy, and a video that is not searched in time has no times to show.
    protected override IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string> { ["Compare__VideoTime"] = "00:00:10" };
}

/// <summary>Signing in, choosing a network, and the posts that carry a photo.</summary>
public sealed class NetworksTests(RunningFindMeWithNetworks findMe) : IClassFixture<RunningFindMeWithNetworks>
{
    [Fact]
    public async Task A_newcomer_finds_the_sample_face_with_three_taps_and_uploads_nothing()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe, Appearance.Phone);
        var uploads = 0;
        visitor.Page.Request += (_, request) => uploads += request.Method == "POST" && request.PostDataBuffer is { Length: > 200 } ? 1 : 0;

        await visitor.Page.GetByRole(AriaRole.Checkbox).CheckAsync();
        await visitor.Button("I agree: find my face").ClickAsync();
        await visitor.Button("Try it with a sample face").ClickAsync();

        await visitor.SomethingIsFoundAsync();
        Assert.Equal(0, uploads);
        await visitor.Page.GotoAsync("/#face");
        await Expect(visitor.Page.GetByText("Sample face of this demo")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Somebody_signs_in_offers_their_picture_and_finds_posts_of_themselves()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe, Appearance.Phone, ColorScheme.Dark);
        var page = visitor.Page;
        await visitor.AgreeAsync();
        await page.GotoAsync("/#privacy");
        await Expect(page.GetByLabel("Your Mastodon server")).ToBeVisibleAsync();
        await LookAtAsync("20-sign-in");

        await visitor.Button("Demo Mastodon 1").ClickAsync();
        await visitor.Button("Allow").ClickAsync();
        await Expect(visitor.Notice).ToContainTextAsync($"Link @ann@{findMe.AddressOf("mastodon-1").Authority} on Mastodon to your searches?");
        await LookAtAsync("20b-link-question");
        await visitor.Button("Link").ClickAsync();
        await Expect(visitor.Notice).ToContainTextAsync("You are signed in");
        Assert.EndsWith("/#privacy", page.Url, StringComparison.Ordinal);
        await Expect(page.Locator("strong").GetByText("@ann@")).ToBeVisibleAsync();
        await LookAtAsync("21-signed-in");

        await page.GotoAsync("/#face");
        await LookAtAsync("22-avatar-offered");
        await visitor.Button("Use my picture on Mastodon").ClickAsync();
        await visitor.FaceWorksAsync();

        await page.GotoAsync("/#album");
        await Choose("X");
        await page.GetByLabel("Query").FillAsync("#dotnetconf");
        await page.GetByLabel("Query").PressAsync("Enter");
        await Expect(visitor.Notice).ToContainTextAsync("how much the search may cost");
        await Expect(visitor.Notice).ToBeInViewportAsync(new() { Ratio = 1 });
        await Expect(visitor.Page.Locator("#max-cost")).ToBeInViewportAsync(new() { Ratio = 1 });
        await visitor.Button("Estimate the cost").ClickAsync();
        await Expect(page.GetByText("at most.")).ToBeVisibleAsync();
        await LookAtAsync("23-cost");

        await Choose("Your own photos");
        await LookAtAsync("24-zip");
        await Choose("Hashtag");
        await page.GetByLabel("Network").SelectOptionAsync("mastodon");
        await page.GetByText("Narrow it down").ClickAsync();
        await LookAtAsync("25-mastodon");
        await page.GetByLabel("Hashtags").FillAsync("#dotnetconf");
        using (var http = new HttpClient())
        using (var limit = await http.PostAsJsonAsync(
            new Uri(findMe.AddressOf("control"), "/mastodon-1/faults"),
            new { endpoint = "search", kind = "rateLimited", atCall = 1, resetAfter = "00:00:04" },
            TestContext.Current.CancellationToken))
        {
            limit.EnsureSuccessStatusCode();
        }

        await visitor.Button("Find me").ClickAsync();
        await Expect(page.Locator(".status-line .status")).ToContainTextAsync("Waiting: the source asked for a pause.");
        await visitor.SomethingIsFoundAsync();
        await LookAtAsync("26-searching");
        await visitor.SearchEndsAsync("Done.");
        await Expect(page.Locator(".frame-who a").First).ToContainTextAsync("on Mastodon");
        // Whatever marks of direction an author's name holds, it turns nothing round it.
        await Expect(page.Locator(".frame-who a bdi").First).ToContainTextAsync("@");
        await Expect(page.Locator(".frame-times")).ToHaveTextAsync("In the video at 0:03–0:06");
        await LookAtAsync("27-posts");

        Assert.DoesNotContain(visitor.Console, line => line.Contains("Content Security Policy", StringComparison.OrdinalIgnoreCase));

        Task Choose(string source) => page.GetByRole(AriaRole.Radio, new() { Name = source, Exact = true }).CheckAsync();

        Task LookAtAsync(string state) => Appearance.LookAtAsync(page, state);
    }
}
