using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace FindMe.Page.Tests;

/// <summary>Every state of the page, dark on a phone and light on a desktop: fit for everybody, and kept as pictures to look at.</summary>
[Collection(nameof(SharedFindMe))]
public sealed class AppearanceTests(RunningFindMe findMe)
{
    // The way is gone on a phone; the other tests go it on a desktop.
    [Fact]
    public async Task No_state_has_a_serious_accessibility_problem_or_needs_sideways_scrolling()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe, Appearance.Phone, ColorScheme.Dark);
        var page = visitor.Page;
        var blank = await visitor.BlankPictureAsync();

        await LookAtAsync("01-consent");
        await visitor.Button("No, thank you").ClickAsync();
        await LookAtAsync("02-declined");
        await visitor.AgreeAsync();
        await LookAtAsync("03-face");
        await visitor.ChoosePhotoAsync("wall.png", "image/png", blank);
        await Expect(visitor.Notice).ToContainTextAsync("Try a photo");
        await LookAtAsync("04-no-face");
        await visitor.ChoosePhotoAsync(Albums.Sample(1));
        var mine = visitor.Button("Face 3 of 3, from the left");
        await Expect(mine).ToBeVisibleAsync(new() { Timeout = 45_000 });
        await LookAtAsync("05-several-faces");
        await mine.ClickAsync();
        await visitor.FaceWorksAsync();
        await LookAtAsync("06-face-works");
        await page.GotoAsync("/#album");
        await Expect(visitor.Button("Find me")).ToBeVisibleAsync();
        await LookAtAsync("07-albums");
        await visitor.SearchAsync(Albums.Festival);
        await visitor.SomethingIsFoundAsync();
        await LookAtAsync("08-searching");
        await visitor.CancelButton.ClickAsync();
        await visitor.SearchEndsAsync("Cancelled after");
        await LookAtAsync("09-cancelled");
        await visitor.SearchAsync(Albums.Evening);
        await visitor.SearchEndsAsync("Done.");
        await LookAtAsync("10-finished");
        await visitor.Opener(0).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Dialog)).ToBeVisibleAsync();
        await LookAtAsync("11-large");
        await page.Keyboard.PressAsync("Escape");
        await visitor.SearchAsync(Albums.Strangers);
        await visitor.SearchEndsAsync("You are in none");
        await LookAtAsync("12-nothing-found");
        await page.GotoAsync("/#searches");
        await Expect(visitor.Heading).ToContainTextAsync("My searches");
        await LookAtAsync("13-searches");
        await page.GotoAsync("/#privacy");
        await Expect(visitor.Heading).ToContainTextAsync("My data");
        await LookAtAsync("14-my-data");
        await page.Locator("#delete-everything").ClickAsync();
        await Expect(visitor.Button("Keep it")).ToBeVisibleAsync();
        await LookAtAsync("15-confirm");
        await visitor.Button("Delete everything").ClickAsync();
        await Expect(visitor.Notice).ToContainTextAsync("Everything about you is deleted");
        await LookAtAsync("16-deleted");

        // The refusal of an inline style or script would only be seen here.
        Assert.DoesNotContain(visitor.Console, line => line.Contains("Content Security Policy", StringComparison.OrdinalIgnoreCase));

        Task LookAtAsync(string state) => Appearance.LookAtAsync(page, state);
    }
}
