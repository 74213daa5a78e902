using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace FindMe.Page.Tests;

/// <summary>The trip report and the links to shared photos, as the page shows them under the results of a search.</summary>
[Collection(nameof(SharedFindMe))]
public sealed class TakeAwayTests(RunningFindMe findMe)
{
    private const string Mounting = """
        async ([module, mount, id]) => {
          const [part, { api }] = await Promise.all([import(`/js/${module}.js`), import('/js/api.js')]);
          const { matches } = await api.search(id);
          const container = document.createElement('div');
          document.getElementById('main').append(container);
          window.mounted = await part[mount](container, { needsConsent: () => false }, id, matches);
        }
        """;

    [Fact]
    public async Task A_report_is_written_ordered_by_keyboard_and_saved_while_one_types()
    {
        await using var visitor = await PageVisitor.SearchingAsync(findMe, Albums.Evening);
        await visitor.SearchEndsAsync("Done.");
        var editor = await MountReportAsync(visitor);
        var lines = editor.Locator(".report-photos:not(.report-left-out) li");
        var photos = await lines.CountAsync();
        Assert.InRange(photos, 2, 6);
        await Expect(editor.GetByRole(AriaRole.Status)).ToContainTextAsync("proposal");
        var second = await lines.Nth(1).GetAttributeAsync("data-photo");

        await editor.GetByLabel("Title").FillAsync("Three days <in> Bern");
        await editor.GetByLabel("First day").FillAsync("2026-11-03");
        await lines.Nth(1).GetByRole(AriaRole.Textbox).FillAsync("On stage");
        await lines.Nth(1).GetByRole(AriaRole.Button, new() { Name = "earlier" }).FocusAsync();
        await visitor.Page.Keyboard.PressAsync("Enter");
        await Expect(lines.First).ToHaveAttributeAsync("data-photo", second!);
        await Expect(lines.First.GetByRole(AriaRole.Button, new() { Name = "earlier" })).ToBeFocusedAsync();
        await Expect(visitor.Page.Locator("#announcer")).ToContainTextAsync($"Now number 1 of {photos}");
        await lines.Nth(1).GetByRole(AriaRole.Button, new() { Name = "Leave out" }).ClickAsync();

        // Dragged to the end by its picture, and back.
        var order = await lines.EvaluateAllAsync<string[]>("lines => lines.map(line => line.dataset.photo)");
        await lines.First.Locator("img").DragToAsync(lines.Last, new() { TargetPosition = new() { X = 200, Y = 100 } });
        await Expect(lines.Last).ToHaveAttributeAsync("data-photo", second!);
        await lines.Last.Locator("img").DragToAsync(lines.First, new() { TargetPosition = new() { X = 200, Y = 3 } });
        Assert.Equal(order, await lines.EvaluateAllAsync<string[]>("lines => lines.map(line => line.dataset.photo)"));
        await lines.First.GetByRole(AriaRole.Radio).CheckAsync();
        await Expect(editor.GetByRole(AriaRole.Status)).ToHaveTextAsync("Saved");
        await Appearance.LookAtAsync(visitor.Page, "30-report");

        // It is there again, and the person is asked before another tab's words are overwritten.
        await visitor.Page.ReloadAsync();
        await visitor.SearchEndsAsync("Done.");
        editor = await MountReportAsync(visitor);
        await Expect(editor.GetByLabel("Title")).ToHaveValueAsync("Three days <in> Bern");
        await Expect(editor.GetByText("Left out: 1")).ToBeVisibleAsync();
        await Expect(editor.Locator(".report-photos").First.Locator("li")).ToHaveCountAsync(photos - 1);
        await Expect(editor.Locator("textarea").First).ToHaveValueAsync("On stage");
        await Expect(editor.GetByRole(AriaRole.Radio).First).ToBeCheckedAsync();
        await visitor.Page.EvaluateAsync("async id => { const { api } = await import('/js/api.js'); const { version, ...report } = await api.report(id); await api.saveReport(id, { ...report, title: 'Theirs' }, version); }", visitor.SearchId);
        await editor.GetByLabel("Event").FillAsync("dotnetconf");
        await Expect(editor.GetByRole(AriaRole.Alert)).ToContainTextAsync("The report was changed elsewhere");
        await Appearance.LookAtAsync(visitor.Page, "31-report-changed");
        await editor.GetByRole(AriaRole.Button, new() { Name = "Keep this one" }).ClickAsync();
        await Expect(editor.GetByRole(AriaRole.Status)).ToHaveTextAsync("Saved");

        // What was typed a moment ago is in the file.
        await editor.GetByLabel("Title").FillAsync("Mine");
        var markdown = await visitor.Page.RunAndWaitForDownloadAsync(() => editor.GetByRole(AriaRole.Button, new() { Name = "Markdown" }).ClickAsync());
        var text = await File.ReadAllTextAsync(await markdown.PathAsync(), TestContext.Current.CancellationToken);
        Assert.StartsWith("# Mine\n\ndotnetconf · 3 November 2026\n", text, StringComparison.Ordinal);
        Assert.Contains("On stage", text, StringComparison.Ordinal);
        Assert.Equal("findme.md", markdown.SuggestedFilename);

        await visitor.Page.EvaluateAsync("() => { window.printed = new Promise(done => { const add = Element.prototype.append; Element.prototype.append = function (...nodes) { add.apply(this, nodes); for (const node of nodes) if (node.className === 'report-print') node.addEventListener('load', () => done(node.contentDocument.title)); }; }); }");
        await editor.GetByRole(AriaRole.Button, new() { Name = "Print" }).ClickAsync();
        Assert.Equal("Mine", await visitor.Page.EvaluateAsync<string>("() => window.printed"));
        Assert.DoesNotContain(visitor.Console, line => line.Contains("Content Security Policy", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task A_link_is_made_copied_opened_by_somebody_else_and_revoked()
    {
        await using var visitor = await PageVisitor.SearchingAsync(findMe, Albums.Evening);
        await visitor.SearchEndsAsync("Done.");
        await visitor.Page.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        var share = await MountShareAsync(visitor);
        await share.GetByRole(AriaRole.Radio, new() { Name = "1 day" }).CheckAsync();
        await share.GetByRole(AriaRole.Button, new() { Name = "Create a link" }).ClickAsync();

        var copy = share.GetByRole(AriaRole.Button, new() { Name = "Copy link" });
        await Expect(copy).ToBeFocusedAsync();
        await visitor.Page.Keyboard.PressAsync("Enter");
        await Expect(visitor.Page.Locator("#announcer")).ToHaveTextAsync("The link is copied.");
        var address = await visitor.Page.EvaluateAsync<string>("() => navigator.clipboard.readText()");
        Assert.Equal(address, await share.GetByRole(AriaRole.Textbox).InputValueAsync());
        await Expect(share.Locator(".share-links")).ToContainTextAsync("Expires on");
        await Appearance.LookAtAsync(visitor.Page, "32-share");

        // A private window: no cookie of anybody's.
        await using var stranger = await findMe.Browser.NewContextAsync(new() { ViewportSize = new() { Width = 1280, Height = 844 } });
        var page = await stranger.NewPageAsync();
        await page.GotoAsync(address);
        await Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Shared photos");
        await page.WaitForLoadStateAsync(LoadState.NetworkIdle);
        Assert.True(await page.EvaluateAsync<bool>("() => [...document.images].length > 0 && [...document.images].every(image => image.naturalWidth > 0)"));
        Assert.Empty(await stranger.CookiesAsync());
        await Appearance.LookAtAsync(page, "33-shared-page");

        await share.GetByRole(AriaRole.Button, new() { Name = "Revoke" }).ClickAsync();
        await Expect(share.GetByText("There are no links")).ToBeVisibleAsync();
        var answer = await page.ReloadAsync();
        Assert.Equal(404, answer!.Status);
        await Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToContainTextAsync("not shared any more");
    }

    private static async Task<ILocator> MountReportAsync(PageVisitor visitor)
    {
        await visitor.Page.EvaluateAsync(Mounting, new[] { "report-editor", "mountReportEditor", visitor.SearchId });
        return visitor.Page.GetByRole(AriaRole.Region, new() { Name = "Trip report" });
    }

    private static async Task<ILocator> MountShareAsync(PageVisitor visitor)
    {
        await visitor.Page.EvaluateAsync(Mounting, new[] { "share", "mountShare", visitor.SearchId });
        return visitor.Page.GetByRole(AriaRole.Region, new() { Name = "Share" });
    }
}
