using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace FindMe.Page.Tests;

/// <summary>Somebody with a browser of their own: no cookie, no history, until they do something.</summary>
internal sealed partial class PageVisitor : IAsyncDisposable
{
    // The most that one photo, or the end of a small album, may take on a busy machine of two cores.
    private const float SlowMilliseconds = 45_000;

    private readonly RunningFindMe _findMe;
    private readonly IBrowserContext _context;

    private PageVisitor(RunningFindMe findMe, IBrowserContext context, IPage page)
    {
        _findMe = findMe;
        _context = context;
        Page = page;
        page.Console += (_, message) => Console.Enqueue(message.Text);
        page.PageError += (_, error) => Console.Enqueue(error);
    }

    public IPage Page { get; }

    /// <summary>What the page printed, and every error that nothing in it caught.</summary>
    public System.Collections.Concurrent.ConcurrentQueue<string> Console { get; } = new();

    public ILocator Heading => Page.GetByRole(AriaRole.Heading, new() { Level = 1 });

    public ILocator Notice => Page.Locator(".notice");

    public ILocator Frames => Page.Locator(".frame");

    /// <summary>The button that opens a photo of the page.</summary>
    public ILocator Opener(int number) => Frames.Nth(number).Locator(".frame-open");

    public ILocator Summary => Page.Locator(".summary");

    public ILocator CancelButton => Button("Cancel the search");

    public static async Task<PageVisitor> ArriveAsync(RunningFindMe findMe, int width = 1280, ColorScheme theme = ColorScheme.Light)
    {
        var context = await findMe.Browser.NewContextAsync(new()
        {
            BaseURL = findMe.Address,
            ColorScheme = theme,
            // Screenshots and clicks then meet a page that stands still.
            ReducedMotion = ReducedMotion.Reduce,
            ViewportSize = new() { Width = width, Height = 844 },
        });
        var visitor = new PageVisitor(findMe, context, await context.NewPageAsync());
        await visitor.Page.GotoAsync("/");
        await Expect(visitor.Heading).ToBeVisibleAsync();
        return visitor;
    }

    /// <summary>Somebody who has agreed, shown their face and started to search an album.</summary>
    public static async Task<PageVisitor> SearchingAsync(RunningFindMe findMe, string album, int face = 3)
    {
        var visitor = await ArriveAsync(findMe);
        await visitor.AgreeAsync();
        await visitor.ShowFaceAsync(face);
        await visitor.SearchAsync(album);
        return visitor;
    }

    public ILocator Button(string name) => Page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    public ILocator Album(string name) => Page.GetByRole(AriaRole.Radio, new() { Name = name });

    public async Task AgreeAsync()
    {
        await Page.GetByRole(AriaRole.Checkbox).CheckAsync();
        await Button("I agree: find my face").ClickAsync();
        await Expect(Heading).ToContainTextAsync("Show your face");
    }

    public Task ChoosePhotoAsync(string path) => Page.Locator("#photo").SetInputFilesAsync(path);

    public Task ChoosePhotoAsync(string name, string type, byte[] bytes) =>
        Page.Locator("#photo").SetInputFilesAsync(new FilePayload { Name = name, MimeType = type, Buffer = bytes });

    /// <summary>Shows the right one of the three faces in the first demo photo: she is in the third one too.</summary>
    public async Task ShowFaceAsync(int face = 3)
    {
        await ChoosePhotoAsync(Albums.Sample(1));
        await Button($"Face {face} of 3, from the left").ClickAsync(new() { Timeout = SlowMilliseconds });
        await FaceWorksAsync();
    }

    public Task FaceWorksAsync() =>
        Expect(Notice).ToContainTextAsync("This photo works", new() { Timeout = SlowMilliseconds });

    public async Task SearchAsync(string album)
    {
        // A dialog that was just closed still takes its step out of the history.
        await Page.WaitForFunctionAsync("() => !history.state?.dialog");
        await Page.GotoAsync("/#album");
        await Album(album).CheckAsync();
        await Button("Find me").ClickAsync();
        await Expect(Page).ToHaveURLAsync(SearchAddress());
        await Expect(Heading).ToContainTextAsync(album);
    }

    public Task SomethingIsFoundAsync() => Expect(Frames.First).ToBeVisibleAsync(new() { Timeout = SlowMilliseconds });

    public Task SearchEndsAsync(string words) =>
        Expect(Summary).ToContainTextAsync(words, new() { Timeout = SlowMilliseconds });

    public string SearchId => SearchAddress().Match(Page.Url).Groups[1].Value;

    /// <summary>The search as the API tells it.</summary>
    public async Task<JsonElement> SearchFromApiAsync()
    {
        var response = await _context.APIRequest.GetAsync($"/api/searches/{SearchId}");
        return (await response.JsonAsync())!.Value;
    }

    /// <summary>A picture of an empty page, which shows nobody.</summary>
    public async Task<byte[]> BlankPictureAsync()
    {
        var empty = await _context.NewPageAsync();
        var picture = await empty.ScreenshotAsync();
        // A page behind another is painted once a second only.
        await empty.CloseAsync();
        return picture;
    }

    public async Task<IPage> OpenTabAsync()
    {
        var tab = await _context.NewPageAsync();
        await tab.GotoAsync(_findMe.Address);
        return tab;
    }

    /// <summary>Presses Tab until the focus is there, as somebody without a mouse would.</summary>
    public async Task TabToAsync(ILocator target)
    {
        await Expect(target).ToBeVisibleAsync();
        for (var presses = 0; presses < 60; presses++)
        {
            await Page.Keyboard.PressAsync("Tab");
            if (await target.EvaluateAsync<bool>("node => node === document.activeElement"))
            {
                return;
            }
        }

        Assert.Fail("Sixty presses of Tab did not lead there.");
    }

    public async ValueTask DisposeAsync()
    {
        // The next test needs the processor that a search left running would take.
        await _context.APIRequest.DeleteAsync("/api/me");
        await _context.DisposeAsync();
    }

    [GeneratedRegex("#search=([^&]+)$")]
    private static partial Regex SearchAddress();
}
