using System.IO.Compression;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace FindMe.Page.Tests;

/// <summary>What a person says of the photos that were found, and which of them they take along.</summary>
[Collection(nameof(SharedFindMe))]
public sealed class JudgingTests(RunningFindMe findMe)
{
    [Fact]
    public async Task The_doubtful_photos_are_judged_by_keyboard_alone_and_taken_back()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe);
        var page = visitor.Page;
        await visitor.AgreeAsync();
        var search = new MadeUpSearch().Add("clear", 0.8f).Add("check", 1.13f).Add("likely", 1.09f).Add("check", 1.12f);
        await search.OpenAsync(visitor);
        await Appearance.LookAtAsync(page, "40-bands");
        await page.SetViewportSizeAsync(1280, 844);

        await visitor.TabToAsync(visitor.Button("Check 3\u00a0photos"));
        await page.Keyboard.PressAsync("Enter");
        var queue = page.Locator("dialog.queue");
        await Expect(queue.GetByRole(AriaRole.Heading)).ToBeFocusedAsync();
        await Expect(queue).ToContainTextAsync("photo3.jpg");
        await Expect(queue.GetByRole(AriaRole.Img, new() { Name = "Your clearest match" })).ToBeVisibleAsync();
        await Appearance.LookAtAsync(page, "41-queue");
        await SayAsync("y");
        await Expect(queue).ToContainTextAsync("photo4.jpg");
        await SayAsync("ArrowRight");
        await Expect(queue).ToContainTextAsync("photo2.jpg");
        await SayAsync("u");
        await Expect(queue).ToContainTextAsync("photo4.jpg");
        await SayAsync("n");
        await SayAsync("ArrowLeft");

        await Expect(queue).ToContainTextAsync("1\u00a0photo of you, 2\u00a0photos of somebody else.");
        await Expect(queue.GetByRole(AriaRole.Button, new() { Name = "Back to the photos" })).ToBeFocusedAsync();
        await Expect(queue.GetByRole(AriaRole.Status)).ToContainTextAsync("All checked");
        await Appearance.LookAtAsync(page, "42-queue-done");
        await page.Keyboard.PressAsync("Enter");
        await Expect(queue).ToBeHiddenAsync();
        await Expect(visitor.Summary).ToContainTextAsync("in 2\u00a0photos of 4");
        await Expect(page.GetByText("2\u00a0photos you said are not you")).ToBeVisibleAsync();
        Assert.Equal(["photo3.jpg=True", "photo4.jpg=True", "photo4.jpg=", "photo4.jpg=False", "photo2.jpg=False"], search.Said);
        await Expect(visitor.Button("Check 3\u00a0photos")).ToBeHiddenAsync();
        await Expect(visitor.Heading).ToBeFocusedAsync();

        // Answers that come faster than the server takes them go together, of which it would hear the last only.
        Task SayAsync(string key) => page.RunAndWaitForResponseAsync(() => page.Keyboard.PressAsync(key), "**/judgements");
    }

    [Fact]
    public async Task A_finger_that_moves_to_the_side_judges_in_the_queue_and_goes_on_in_the_large_view()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe, Appearance.Phone);
        await visitor.AgreeAsync();
        var search = new MadeUpSearch().Add("clear", 0.8f).Add("check", 1.13f).Add("check", 1.12f);
        await search.OpenAsync(visitor);

        await visitor.Button("Check 2\u00a0photos").ClickAsync();
        await SwipeAsync(".queue-stage", 120);
        await Expect(visitor.Page.Locator(".queue")).ToContainTextAsync("2 of 2");
        await SwipeAsync(".queue-stage", 20);
        await Expect(visitor.Page.Locator(".queue")).ToContainTextAsync("2 of 2");
        await SwipeAsync(".queue-stage", -120);
        await Expect(visitor.Page.Locator(".queue")).ToContainTextAsync("All checked");
        Assert.Equal(["photo3.jpg=True", "photo2.jpg=False"], search.Said);
        await visitor.Page.GoBackAsync();

        await visitor.Opener(0).ClickAsync();
        await SwipeAsync(".large-middle", -120);
        await Expect(visitor.Page.Locator("dialog[open] .large-position")).ToHaveTextAsync("2 of 2");
        Assert.Equal(2, search.Said.Count);

        Task SwipeAsync(string stage, int across) => visitor.Page.EvaluateAsync("""
            ([stage, across]) => {
              const node = document.querySelector(`dialog[open] ${stage}`);
              const finger = (type, x) => node.dispatchEvent(new PointerEvent(type, { pointerType: 'touch', isPrimary: true, bubbles: true, clientX: x, clientY: 300 }));
              finger('pointerdown', 200);
              finger('pointermove', 200 + across / 2);
              finger('pointerup', 200 + across);
            }
            """, new object[] { stage, across });
    }

    [Fact]
    public async Task A_likely_photo_that_is_theirs_can_become_a_selfie_when_they_say_so()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe);
        await visitor.AgreeAsync();
        await new MadeUpSearch().Add("clear", 0.8f).Add("likely", 1.09f).OpenAsync(visitor);
        var asked = new List<string?>();
        await visitor.Page.RouteAsync("**/api/references/from-photo", async route =>
        {
            asked.Add(route.Request.PostData);
            await route.FulfillAsync(new() { Status = 201, ContentType = "application/json", Body = "{}" });
        });

        await visitor.Opener(0).FocusAsync();
        await visitor.Page.Keyboard.PressAsync("y");
        await Expect(visitor.Page.Locator(".toast")).ToContainTextAsync("Marked as you.");
        await Expect(visitor.Button("Use it as a selfie too")).ToHaveCountAsync(0);
        await visitor.Opener(1).FocusAsync();
        await visitor.Page.Keyboard.PressAsync("y");
        Assert.Empty(asked);
        await visitor.Button("Use it as a selfie too").ClickAsync();

        await Expect(visitor.Page.Locator(".toast")).ToContainTextAsync("Added to your selfies");
        Assert.Contains("photo2.jpg", Assert.Single(asked), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_them_leaves_this_search_and_later_ones_until_it_is_taken_back()
    {
        await using var visitor = await PageVisitor.SearchingAsync(findMe, Albums.Evening);
        var page = visitor.Page;
        await visitor.SearchEndsAsync("Done.");
        await Expect(visitor.Frames).ToHaveCountAsync(2);
        var other = await page.Context.NewPageAsync();
        await other.GotoAsync(page.Url);
        await Expect(other.Locator(".frame")).ToHaveCountAsync(2);
        await page.BringToFrontAsync();

        await visitor.Opener(0).FocusAsync();
        var gone = await visitor.Frames.Nth(0).GetAttributeAsync("data-photo");
        await page.Keyboard.PressAsync("n");

        await Expect(visitor.Frames).ToHaveCountAsync(1);
        await Expect(page.Locator("#announcer")).ToContainTextAsync("Marked as not you.");
        await Expect(visitor.Frames.First.GetByRole(AriaRole.Button, new() { Name = "That’s not me" })).ToBeFocusedAsync();
        await Expect(visitor.Summary).ToContainTextAsync("in 1\u00a0photo of");
        await Expect(other.Locator(".frame")).ToHaveCountAsync(1);
        await page.GetByText("1\u00a0photo you said is not you").ClickAsync();
        await Expect(page.Locator(".judged-list")).ToContainTextAsync(gone!);
        await Appearance.LookAtAsync(page, "43-judged");
        await page.SetViewportSizeAsync(1280, 844);

        await visitor.SearchAsync(Albums.Evening);
        await visitor.SearchEndsAsync("Done.");
        await Expect(visitor.Frames).ToHaveCountAsync(1);
        await page.GetByText("1\u00a0photo you said is not you").ClickAsync();
        await page.RunAndWaitForResponseAsync(() => page.Locator(".judged-list").GetByRole(AriaRole.Button).ClickAsync(), "**/judgements");
        await Expect(visitor.Frames).ToHaveCountAsync(2);
        await Expect(page.Locator(".judged")).ToBeHiddenAsync();
        await page.ReloadAsync();
        await Expect(visitor.Frames).ToHaveCountAsync(2);
    }

    [Fact]
    public async Task What_waits_for_an_earlier_answer_is_sent_when_the_page_goes_away()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe);
        var page = visitor.Page;
        await visitor.AgreeAsync();
        await new MadeUpSearch().Add("clear", 0.8f).Add("clear", 0.9f).OpenAsync(visitor);
        // Never answered.
        await page.RouteAsync("**/judgements", _ => Task.CompletedTask);

        var first = await page.RunAndWaitForRequestAsync(
            () => page.EvaluateAsync("""
                () => {
                  for (const photo of document.querySelectorAll('.frame-open')) photo.dispatchEvent(new KeyboardEvent('keydown', { key: 'y', bubbles: true }));
                }
                """),
            "**/judgements");
        var second = await page.RunAndWaitForRequestAsync(() => page.EvaluateAsync("() => dispatchEvent(new Event('pagehide'))"), "**/judgements");

        Assert.Contains("photo1.jpg", first.PostData, StringComparison.Ordinal);
        Assert.Contains("photo2.jpg", second.PostData, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_judgement_that_could_not_be_saved_is_said_and_can_be_tried_again()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe);
        await visitor.AgreeAsync();
        var search = new MadeUpSearch { Failures = 1 }.Add("clear", 0.8f).Add("clear", 0.9f);
        await search.OpenAsync(visitor);

        await visitor.Frames.First.GetByRole(AriaRole.Button, new() { Name = "That’s not me" }).ClickAsync();

        var toast = visitor.Page.Locator(".toast");
        await Expect(toast).ToContainTextAsync("Not saved. The store does not answer.");
        await Expect(visitor.Frames).ToHaveCountAsync(2);
        await Appearance.LookAtAsync(visitor.Page, "44-not-saved");
        await toast.GetByRole(AriaRole.Button, new() { Name = "Try again" }).ClickAsync();
        await Expect(visitor.Frames).ToHaveCountAsync(1);
        await visitor.Page.WaitForFunctionAsync("() => document.querySelector('.results').dataset.found === '1'");
        Assert.Equal(["photo1.jpg=False"], search.Said);
    }

    [Fact]
    public async Task In_the_large_view_a_key_judges_and_back_closes_the_photo_alone()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe);
        var page = visitor.Page;
        await visitor.AgreeAsync();
        var search = new MadeUpSearch().Add("clear", 0.8f, description: "On stage with the band", network: "mastodon").Add("clear", 0.9f, network: "x").Add("check", 1.13f);
        await search.OpenAsync(visitor);
        var results = page.Url;
        var large = page.GetByRole(AriaRole.Dialog, new() { Name = "Large photo" });

        await visitor.Opener(0).ClickAsync();
        await Expect(large).ToContainTextAsync("On stage with the band");
        await page.Keyboard.PressAsync("ArrowRight");
        await Expect(large).ToContainTextAsync("Links only: X does not allow copies.");
        await Expect(large.GetByRole(AriaRole.Link, new() { Name = "Download" })).ToHaveCountAsync(0);
        await Appearance.LookAtAsync(page, "45-large-x");
        await page.SetViewportSizeAsync(1280, 844);
        await page.Keyboard.PressAsync("ArrowRight");
        await page.Keyboard.PressAsync("y");
        await Expect(large).ToContainTextAsync("You said: me");
        await Expect(large).ToContainTextAsync("3 of 3");
        await large.Locator(".toast").GetByRole(AriaRole.Button, new() { Name = "Undo" }).ClickAsync();
        await Expect(large).ToContainTextAsync("Check this one");

        await page.GoBackAsync();
        await Expect(large).ToBeHiddenAsync();
        Assert.Equal(results, page.Url);
        await Expect(visitor.Frames.Nth(2).Locator(".frame-open")).ToBeFocusedAsync();

        // Closed by a key it leaves nothing in the history either.
        await page.Keyboard.PressAsync("Enter");
        await Expect(large).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Escape");
        await Expect(large).ToBeHiddenAsync();
        await page.WaitForFunctionAsync("() => history.state === null");
        await page.GoBackAsync();
        await Expect(visitor.Heading).ToContainTextAsync("Show your face");
    }

    [Fact]
    public async Task The_slider_shows_what_the_API_tells_within_the_same_distance_and_asks_nothing_while_it_moves()
    {
        // The photos of this face are at 0.2 and 1.01, two of other people at 1.18 and 1.21.
        await using var visitor = await PageVisitor.SearchingAsync(findMe, Albums.Evening, face: 2);
        var page = visitor.Page;
        await visitor.SearchEndsAsync("Done.");
        await page.GetByText("Too many photos, or too few?").ClickAsync();
        var slider = page.GetByRole(AriaRole.Slider, new() { Name = "How alike must a face be?" });
        await Expect(slider).ToHaveAttributeAsync("aria-valuetext", "2\u00a0photos, the default");
        await Appearance.LookAtAsync(page, "46-slider");
        // Photos far below the window have no elements.
        await page.SetViewportSizeAsync(1280, 1600);
        var asked = new List<string>();
        page.Request += (_, request) =>
        {
            if (!request.Url.Contains("/photos/", StringComparison.Ordinal))
            {
                asked.Add(request.Url);
            }
        };

        await slider.FocusAsync();
        await page.Keyboard.PressAsync("End");
        await ShowsAsync(2);
        await Expect(slider).ToHaveAttributeAsync("aria-valuetext", "4\u00a0photos");
        await Expect(page.Locator(".take")).ToContainTextAsync("2\u00a0photos below do not count as found");
        await Expect(page.Locator(".take")).ToContainTextAsync("Download all 2");
        await slider.FillAsync("100");
        await ShowsAsync(1.0);
        await page.Keyboard.PressAsync("Home");
        await Expect(visitor.Frames).ToHaveCountAsync(1);
        Assert.Empty(asked);

        // Chosen once, it stays while the page does.
        await page.GotoAsync("/#searches");
        await Expect(visitor.Heading).ToContainTextAsync("My searches");
        await page.GoBackAsync();
        await Expect(visitor.Frames).ToHaveCountAsync(1);
        await visitor.Button("Back to the default").ClickAsync();
        await Expect(visitor.Frames).ToHaveCountAsync(2);

        async Task ShowsAsync(double within)
        {
            var fresh = await page.APIRequest.GetAsync($"/api/searches/{visitor.SearchId}?within={within}");
            var expected = (await fresh.JsonAsync())!.Value.GetProperty("matches").EnumerateArray()
                .Where(match => match.GetProperty("distance").GetDouble() <= within)
                .Select(match => match.GetProperty("photo").GetProperty("id").GetString()!).Order().ToList();
            await Expect(visitor.Frames).ToHaveCountAsync(expected.Count);
            Assert.Equal(expected, (await visitor.Frames.EvaluateAllAsync<string[]>("frames => frames.map(frame => frame.dataset.photo)")).Order());
        }
    }

    [Fact]
    public async Task All_found_photos_are_downloaded_or_those_that_are_selected()
    {
        await using var visitor = await PageVisitor.SearchingAsync(findMe, Albums.Evening);
        var page = visitor.Page;
        await visitor.SearchEndsAsync("Done.");

        var all = await page.RunAndWaitForDownloadAsync(() => visitor.Button("Download all 2").ClickAsync());
        Assert.Equal(["credits.csv", "report.html", "sample1.jpg", "sample3.jpg"], await NamesAsync(all));
        await page.GetByText("Other formats").ClickAsync();
        await Appearance.LookAtAsync(page, "47-lists");
        await page.SetViewportSizeAsync(1280, 844);
        var csv = await page.RunAndWaitForDownloadAsync(() => visitor.Button("Spreadsheet (CSV)").ClickAsync());
        Assert.Equal(3, (await File.ReadAllLinesAsync(await csv.PathAsync(), TestContext.Current.CancellationToken)).Length);

        await visitor.Button("Select photos").ClickAsync();
        await page.GetByRole(AriaRole.Checkbox, new() { Name = "Select photo 2" }).CheckAsync();
        await Appearance.LookAtAsync(page, "48-selecting");
        await page.SetViewportSizeAsync(1280, 844);
        var chosen = await visitor.Frames.Filter(new() { Has = page.Locator("input:checked") }).GetAttributeAsync("data-photo");
        var some = await page.RunAndWaitForDownloadAsync(() => visitor.Button("Download 1").ClickAsync());
        Assert.Equal(["credits.csv", "report.html", chosen!], await NamesAsync(some));
        Assert.DoesNotContain(visitor.Console, line => line.Contains("Content Security Policy", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task The_report_and_the_links_open_below_the_buttons()
    {
        await using var visitor = await PageVisitor.SearchingAsync(findMe, Albums.Evening);
        await visitor.SearchEndsAsync("Done.");

        await visitor.Button("Trip report").ClickAsync();
        await Expect(visitor.Page.Locator(".take-panel .report-photos").First.Locator("li")).ToHaveCountAsync(2);
        await visitor.Button("Share a link").ClickAsync();
        await Expect(visitor.Button("Create a link to 2\u00a0photos")).ToBeVisibleAsync();
        await Expect(visitor.Button("Trip report")).ToHaveAttributeAsync("aria-expanded", "false");
        await visitor.Button("Share a link").ClickAsync();
        await Expect(visitor.Page.Locator(".take-panel")).ToBeHiddenAsync();
    }

    [Fact]
    public async Task Skipped_photos_are_listed_by_reason_and_tried_again_where_that_can_help()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe);
        await visitor.AgreeAsync();
        var search = new MadeUpSearch().Add("clear", 0.8f)
            .AddSkipped("torn.jpg", "This is not a picture.", canRetry: false)
            .AddSkipped("far.jpg", "Comparing this photo failed repeatedly.", canRetry: true);
        await search.OpenAsync(visitor);
        await visitor.Page.Locator(".skipped summary").ClickAsync();
        var reasons = visitor.Page.Locator(".reasons > li");

        await Expect(reasons.Filter(new() { HasText = "torn.jpg" }).GetByRole(AriaRole.Button)).ToHaveCountAsync(0);
        await Appearance.LookAtAsync(visitor.Page, "49-skipped");
        await reasons.Filter(new() { HasText = "far.jpg" }).GetByRole(AriaRole.Button, new() { Name = "Try again" }).ClickAsync();

        await Expect(visitor.Page.Locator(".skipped summary")).ToHaveTextAsync("1\u00a0photo could not be compared", new() { Timeout = 10_000 });
        Assert.Equal(1, search.Retries);
    }

    private static async Task<List<string>> NamesAsync(IDownload download)
    {
        await using var zip = await ZipFile.OpenReadAsync(await download.PathAsync(), TestContext.Current.CancellationToken);
        return [.. zip.Entries.Select(entry => entry.FullName).Order(StringComparer.Ordinal)];
    }
}
