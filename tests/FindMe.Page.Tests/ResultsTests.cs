using System.Text.Json;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace FindMe.Page.Tests;

/// <summary>Tests of the results share one running FindMe.</summary>
[CollectionDefinition(nameof(SharedFindMe))]
public sealed class SharedFindMe : ICollectionFixture<RunningFindMe>;

/// <summary>A search as the page shows it, from the first match to the end of everything.</summary>
[Collection(nameof(SharedFindMe))]
public sealed class ResultsTests(RunningFindMe findMe)
{
    // Browsers place boxes on fractions of pixels.
    private const double PixelTolerance = 1.5;

    [Fact]
    public async Task Matches_appear_while_the_search_runs()
    {
        await using var visitor = await PageVisitor.SearchingAsync(findMe, Albums.Festival);

        await visitor.SomethingIsFoundAsync();

        await Expect(visitor.CancelButton).ToBeVisibleAsync();
        await Expect(visitor.Page.GetByRole(AriaRole.Progressbar)).ToBeVisibleAsync();

        // Copies of a photo share one frame, so the numbers go on where the frames may not.
        var numbers = visitor.Page.Locator(".numbers");
        await Expect(numbers).Not.ToHaveTextAsync(await numbers.InnerTextAsync(), new() { Timeout = 45_000 });
    }

    [Fact]
    public async Task In_an_album_of_people_who_look_alike_the_end_takes_a_photo_back_says_why_and_the_slider_brings_it_again()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe);
        await visitor.AgreeAsync();
        var page = visitor.Page;
        var search = new MadeUpSearch { AlbumMargin = 0.05, TakenBack = "photo2.jpg" }.Add("clear", 0.8f).Add("check", 1.09f);
        await search.OpenRunningAsync(visitor);
        await Expect(visitor.Frames).ToHaveCountAsync(2);
        await Expect(visitor.Frames.Nth(0).Locator(".band")).ToHaveAttributeAsync("title", "95\u00a0% sure");

        search.End();

        await visitor.SearchEndsAsync("Done. You seem to be in 1\u00a0photo of 2.");
        await Expect(visitor.Frames).ToHaveCountAsync(1);
        await Expect(visitor.Frames.Nth(0).Locator(".band")).ToHaveAttributeAsync("title", "85\u00a0% sure");
        await Expect(visitor.Summary).ToContainTextAsync("Many of the faces in these photos look alike to FindMe, so only closer matches are shown.");
        await Appearance.LookAtAsync(page, "48-look-alikes");

        // An answer from before the end that arrives late brings nothing back.
        Func<IResponse, bool> isView = response => response.Url.EndsWith(MadeUpSearch.Id, StringComparison.Ordinal);
        await page.RunAndWaitForResponseAsync(
            () => page.EvaluateAsync($"() => new BroadcastChannel('findme-{MadeUpSearch.Id}').postMessage('judged')"), isView);
        // The page asks again once it has refused that answer.
        await page.WaitForResponseAsync(isView);
        await Expect(visitor.Frames).ToHaveCountAsync(1);
        await Expect(visitor.Summary).ToContainTextAsync("only closer matches are shown");

        // From here on the server tells of the ended search.
        await page.UnrouteAsync($"**/api/searches/{MadeUpSearch.Id}");
        await page.GetByText("Too many photos, or too few?", new() { Exact = true }).ClickAsync();
        var slider = page.GetByRole(AriaRole.Slider, new() { Name = "How alike must a face be?" });
        await Expect(slider).ToHaveAttributeAsync("aria-valuetext", "1\u00a0photo, the default");
        // Photos far below the window have no elements.
        await page.SetViewportSizeAsync(1280, 1600);
        await slider.FocusAsync();
        await page.Keyboard.PressAsync("End");
        await Expect(visitor.Frames).ToHaveCountAsync(2);
    }

    [Fact]
    public async Task A_photo_that_the_end_takes_back_makes_way_in_the_large_view_and_a_listener_hears_why()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe);
        await visitor.AgreeAsync();
        var search = new MadeUpSearch { AlbumMargin = 0.05, TakenBack = "photo2.jpg" }.Add("clear", 0.8f).Add("check", 1.09f);
        await search.OpenRunningAsync(visitor);
        await visitor.Frames.Nth(1).Locator(".frame-open").ClickAsync();
        var large = visitor.Page.GetByRole(AriaRole.Dialog, new() { Name = "Large photo" });
        await Expect(large.Locator(".large-position")).ToHaveTextAsync("2 of 2");

        search.End();

        await Expect(large.Locator(".large-position")).ToHaveTextAsync("1 of 1");
        await Expect(large.Locator(".band")).ToHaveAttributeAsync("title", "85\u00a0% sure");
        await Expect(large.Locator("[data-announcer]")).ToContainTextAsync("only closer matches are shown");
    }

    [Theory]
    [InlineData(390)]
    [InlineData(1280)]
    public async Task Every_bounding_box_lies_in_its_picture_where_the_API_says(int width)
    {
        await using var visitor = await PageVisitor.SearchingAsync(findMe, Albums.Evening);
        await visitor.SearchEndsAsync("Done.");
        await visitor.Page.SetViewportSizeAsync(width, 844);
        var search = await visitor.SearchFromApiAsync();
        var matches = search.GetProperty("matches").EnumerateArray().ToDictionary(match => match.GetProperty("photo").GetProperty("id").GetString()!);

        var drawn = JsonSerializer.Deserialize<List<DrawnFrame>>(await visitor.Frames.EvaluateAllAsync<string>("""
            frames => {
              const rectangle = node => {
                const { x, y, width, height } = node.getBoundingClientRect();
                return { x, y, width, height };
              };
              return JSON.stringify(frames.map(frame => ({
                id: frame.dataset.photo,
                picture: rectangle(frame.querySelector('img')),
                box: rectangle(frame.querySelector('.box')),
              })));
            }
            """), JsonSerializerOptions.Web)!;

        Assert.NotEmpty(drawn);
        Assert.Equal(matches.Keys.Order(), drawn.Select(frame => frame.Id).Order());
        Assert.All(drawn, frame =>
        {
            var photo = matches[frame.Id].GetProperty("photo");
            var box = matches[frame.Id].GetProperty("box").Deserialize<Rectangle>(JsonSerializerOptions.Web)!;
            var scale = frame.Picture.Width / photo.GetProperty("width").GetDouble();
            Assert.Equal(photo.GetProperty("height").GetDouble() * scale, frame.Picture.Height, PixelTolerance);
            Assert.Equal(frame.Picture.X + (box.X * scale), frame.Box.X, PixelTolerance);
            Assert.Equal(frame.Picture.Y + (box.Y * scale), frame.Box.Y, PixelTolerance);
            Assert.Equal(box.Width * scale, frame.Box.Width, PixelTolerance);
            Assert.Equal(box.Height * scale, frame.Box.Height, PixelTolerance);
            Assert.InRange(frame.Box.X, frame.Picture.X - PixelTolerance, frame.Picture.X + frame.Picture.Width);
            Assert.InRange(frame.Box.X + frame.Box.Width, frame.Picture.X, frame.Picture.X + frame.Picture.Width + PixelTolerance);
            Assert.InRange(frame.Box.Y, frame.Picture.Y - PixelTolerance, frame.Picture.Y + frame.Picture.Height);
            Assert.InRange(frame.Box.Y + frame.Box.Height, frame.Picture.Y, frame.Picture.Y + frame.Picture.Height + PixelTolerance);
        });
    }

    [Fact]
    public async Task The_numbers_and_how_sure_each_match_is_are_those_of_the_API()
    {
        await using var visitor = await PageVisitor.SearchingAsync(findMe, Albums.Evening);
        await visitor.SearchEndsAsync("Done.");
        var search = await visitor.SearchFromApiAsync();

        foreach (var match in search.GetProperty("matches").EnumerateArray())
        {
            var words = match.GetProperty("band").GetString() switch { "clear" => "Clear match", "likely" => "Likely", _ => "Check this one" };
            var percent = Math.Min(99, Math.Round(100 * match.GetProperty("confidence").GetDouble(), MidpointRounding.AwayFromZero));
            var frame = visitor.Page.Locator($".frame[data-photo=\"{match.GetProperty("photo").GetProperty("id").GetString()}\"]");
            await Expect(frame.Locator(".band")).ToHaveTextAsync(words);
            await Expect(frame.Locator(".band")).ToHaveAttributeAsync("title", $"{percent}\u00a0% sure");
        }

        var found = search.GetProperty("photos").GetProperty("found").GetInt32();
        await Expect(visitor.Summary).ToContainTextAsync($"photos of {found}");
        await Expect(visitor.Page.Locator(".progress-panel")).ToBeHiddenAsync();
    }

    [Fact]
    public async Task A_photo_that_cannot_be_compared_is_listed_with_its_reason()
    {
        await using var visitor = await PageVisitor.SearchingAsync(findMe, Albums.Evening);
        await visitor.SearchEndsAsync("could not be compared");
        var search = await visitor.SearchFromApiAsync();
        var reason = search.GetProperty("skipped")[0].GetProperty("reason").GetString()!;

        await visitor.Page.Locator(".skipped summary").ClickAsync();

        await Expect(visitor.Page.Locator(".reasons > li")).ToContainTextAsync(reason, new() { IgnoreCase = true });
    }

    // The title begins with "12 of 60".
    private const string Compared = "() => Number.parseInt(document.title) || 0";

    [Fact]
    public async Task A_reload_in_mid_search_goes_on_where_it_was()
    {
        await using var visitor = await PageVisitor.SearchingAsync(findMe, Albums.Festival);
        await visitor.SomethingIsFoundAsync();
        var before = await visitor.Frames.CountAsync();
        var compared = await visitor.Page.EvaluateAsync<int>(Compared);

        await visitor.Page.ReloadAsync();

        await Expect(visitor.Frames.Nth(before - 1)).ToBeVisibleAsync();
        await visitor.Page.WaitForFunctionAsync($"before => ({Compared})() > before", compared);
        var photos = await visitor.Frames.EvaluateAllAsync<string[]>("frames => frames.map(frame => frame.dataset.photo)");
        Assert.Equal(photos.Distinct(), photos);
    }

    [Fact]
    public async Task A_second_tab_opens_on_the_running_search()
    {
        await using var visitor = await PageVisitor.SearchingAsync(findMe, Albums.Festival);
        await visitor.SomethingIsFoundAsync();

        var tab = await visitor.OpenTabAsync();

        await Expect(tab).ToHaveURLAsync(visitor.Page.Url);
        await Expect(tab.Locator(".frame").First).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_cancelled_search_keeps_what_it_found()
    {
        await using var visitor = await PageVisitor.SearchingAsync(findMe, Albums.Festival);
        await visitor.SomethingIsFoundAsync();

        await visitor.CancelButton.ClickAsync();

        await visitor.SearchEndsAsync("Cancelled after");
        await Expect(visitor.CancelButton).ToBeHiddenAsync();
        await Expect(visitor.Frames.First).ToBeVisibleAsync();
        await visitor.Page.GotoAsync("/#searches");
        await Expect(visitor.Page.Locator(".searches li")).ToContainTextAsync("Cancelled");
    }

    [Fact]
    public async Task A_lost_connection_is_said_and_found_again()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe);
        await visitor.AgreeAsync();
        await visitor.ShowFaceAsync();
        await visitor.Page.RouteAsync("**/events", route => route.AbortAsync());
        await visitor.SearchAsync(Albums.Evening);
        await Expect(visitor.Page.Locator(".connection")).ToContainTextAsync("Connection lost", new() { Timeout = 15_000 });

        await visitor.Page.UnrouteAsync("**/events");

        await visitor.SearchEndsAsync("Done.");
        await Expect(visitor.Page.Locator(".connection")).ToBeEmptyAsync();
    }

    [Fact]
    public async Task Nothing_found_is_said_kindly_with_what_to_try()
    {
        await using var visitor = await PageVisitor.SearchingAsync(findMe, Albums.Strangers);

        await visitor.SearchEndsAsync("You are in none of these");

        await Expect(visitor.Summary.GetByRole(AriaRole.Link, new() { Name = "Add another selfie" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task The_large_view_goes_from_photo_to_photo_and_hides_the_box()
    {
        await using var visitor = await PageVisitor.SearchingAsync(findMe, Albums.Evening);
        await visitor.SearchEndsAsync("Done.");
        var large = visitor.Page.GetByRole(AriaRole.Dialog);

        await visitor.Opener(0).ClickAsync();
        await Expect(large).ToContainTextAsync("1 of ");
        await Expect(large.Locator(".box")).ToBeVisibleAsync();
        await visitor.Page.Keyboard.PressAsync("ArrowRight");
        await Expect(large).ToContainTextAsync("2 of ");
        await large.GetByRole(AriaRole.Checkbox, new() { Name = "Show the box" }).UncheckAsync();
        await Expect(large.Locator(".box")).ToBeHiddenAsync();
        await visitor.Page.Keyboard.PressAsync("Escape");

        await Expect(large).ToBeHiddenAsync();
        await Expect(visitor.Opener(1)).ToBeFocusedAsync();
    }

    [Fact]
    public async Task A_search_that_is_not_there_leads_back_to_the_start_with_a_line()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe);
        await visitor.AgreeAsync();

        await visitor.Page.GotoAsync("/#search=00000000000000000000000000000000");

        await Expect(visitor.Notice).ToContainTextAsync("Search not found");
        await Expect(visitor.Heading).ToContainTextAsync("Show your face");
    }

    [Fact]
    public async Task A_search_that_cost_what_it_may_says_so_and_goes_on_under_a_higher_cap()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe);
        await visitor.AgreeAsync();
        await visitor.Page.RouteAsync($"**/api/searches/{Paid}", route => route.FulfillAsync(new() { Json = PaidSearch("finished", capped: true) }));
        var wish = "";
        await visitor.Page.RouteAsync($"**/api/searches/{Paid}/continue", route =>
        {
            wish = route.Request.PostData;
            return route.FulfillAsync(new() { Status = 202, Json = new { id = Paid } });
        });

        await visitor.Page.GotoAsync($"/#search={Paid}");

        await Expect(visitor.Summary).ToContainTextAsync("It has cost what you allowed");
        await Expect(visitor.Summary).Not.ToContainTextAsync("There are no photos");
        await Expect(visitor.Page.GetByLabel("It may cost in all")).ToHaveValueAsync("0.50");
        await visitor.Button("Go on").ClickAsync();
        Assert.Equal("""{"maxCost":0.5}""", wish);
    }

    [Fact]
    public async Task A_post_whose_author_has_opted_out_goes_when_the_author_is_known()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe);
        await visitor.AgreeAsync();
        var asked = 0;
        await visitor.Page.RouteAsync($"**/api/searches/{Paid}", route =>
            route.FulfillAsync(new() { Json = ++asked == 1 ? PaidSearch("processing", "one", "two") : PaidSearch("finished", "two") }));
        await visitor.Page.RouteAsync($"**/api/searches/{Paid}/events", route => route.FulfillAsync(new()
        {
            ContentType = "text/event-stream",
            Body = $"data: {JsonSerializer.Serialize(PaidSearch("finished"))}\n\n",
        }));

        await visitor.Page.GotoAsync($"/#search={Paid}");

        await Expect(visitor.Summary).ToContainTextAsync("in 2");
        await Expect(visitor.Frames).ToHaveCountAsync(1);
        await Expect(visitor.Summary).ToContainTextAsync("in 1");
    }

    [Fact]
    public async Task A_pause_of_a_source_is_announced_once_however_often_the_stream_repeats_it()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe);
        await visitor.AgreeAsync();
        await visitor.Page.RouteAsync($"**/api/searches/{Paid}", route => route.FulfillAsync(new() { Json = PaidSearch("searching") }));
        await visitor.Page.RouteAsync($"**/api/searches/{Paid}/events", route => route.FulfillAsync(new()
        {
            ContentType = "text/event-stream",
            Body = string.Concat(Enumerable.Repeat($"data: {JsonSerializer.Serialize(PaidSearch("waiting"))}\n\n", 3)),
        }));
        await visitor.Page.EvaluateAsync("""
            () => {
              window.said = [];
              const announcer = document.getElementById('announcer');
              new MutationObserver(() => window.said.push(announcer.textContent)).observe(announcer, { childList: true });
              const stream = window.EventSource.prototype;
              const original = Object.getOwnPropertyDescriptor(stream, 'onmessage');
              window.heard = 0;
              Object.defineProperty(stream, 'onmessage', { set(handler) { original.set.call(this, event => { handler(event); setTimeout(() => window.heard++); }); } });
            }
            """);

        await visitor.Page.GotoAsync($"/#search={Paid}");

        await visitor.Page.WaitForFunctionAsync("() => window.heard >= 3");
        Assert.Equal(["Waiting: the source asked for a pause."], await visitor.Page.EvaluateAsync<string[]>("() => window.said"));
    }

    private const string Paid = "0123456789abcdef0123456789abcdef";

    private static object PaidSearch(string status, params string[] found) => PaidSearch(status, capped: false, found);

    /// <summary>A search of X as the API tells of it.</summary>
    private static object PaidSearch(string status, bool capped, params string[] found) => new
    {
        id = Paid,
        source = "x",
        query = "#dotnetconf",
        createdAt = "2026-11-01T00:00:00Z",
        status,
        posts = 50,
        photos = new { found = found.Length, compared = found.Length, skipped = 0 },
        matches = found.Select(photo => new
        {
            post = new { id = photo, network = "x" },
            photo = new { id = photo, url = $"/api/searches/{Paid}/photos/1-0", width = 100, height = 100 },
            box = new { x = 10, y = 10, width = 20, height = 20 },
            distance = 0.1,
            confidence = 0.99,
            band = "clear",
            verdict = "match",
        }),
        judged = Array.Empty<object>(),
        skipped = Array.Empty<object>(),
        groups = Array.Empty<object>(),
        terms = new { maxCost = 0.25 },
        cost = 0.25,
        notices = Array.Empty<string>(),
        canContinue = true,
        problem = capped ? new { type = "cost-cap", title = "It has cost what you allowed.", detail = "Allow more." } : null,
    };

    [Fact]
    public async Task An_ended_search_is_deleted_from_the_list_and_can_be_had_back_until_the_page_goes_away()
    {
        await using var visitor = await PageVisitor.SearchingAsync(findMe, Albums.Strangers);
        await visitor.SearchEndsAsync("You are in none");
        var search = visitor.SearchId;
        await visitor.Page.GotoAsync("/#searches");

        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Delete the search in" }).ClickAsync();

        await Expect(visitor.Page.GetByText("There are none yet.")).ToBeVisibleAsync();
        await visitor.Button("Undo").ClickAsync();
        await Expect(visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Delete the search in" })).ToBeFocusedAsync();
        await visitor.Page.Keyboard.PressAsync("Enter");
        await Expect(visitor.Page.GetByText("There are none yet.")).ToBeVisibleAsync();
        await visitor.Page.ReloadAsync();
        await Expect(visitor.Page.GetByText("There are none yet.")).ToBeVisibleAsync();
        Assert.Equal(404, await visitor.Page.EvaluateAsync<int>($"async () => (await fetch('/api/searches/{search}')).status"));
    }

    [Fact]
    public async Task Deleting_everything_says_what_went_and_returns_to_the_consent()
    {
        await using var visitor = await PageVisitor.SearchingAsync(findMe, Albums.Evening);
        await visitor.SearchEndsAsync("Done.");

        await visitor.Button("Delete everything about me").ClickAsync();
        await Expect(visitor.Button("Keep it")).ToBeFocusedAsync();
        await visitor.Button("Delete everything").ClickAsync();

        await Expect(visitor.Notice).ToContainTextAsync("1 selfie, 1 search");
        await Expect(visitor.Button("I agree: find my face")).ToBeVisibleAsync();
        await visitor.Page.ReloadAsync();
        await Expect(visitor.Button("I agree: find my face")).ToBeVisibleAsync();
    }

    private sealed record Rectangle(double X, double Y, double Width, double Height);

    private sealed record DrawnFrame(string Id, Rectangle Picture, Rectangle Box);
}
