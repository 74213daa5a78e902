// A newcomer's first minute in Chromium, at 390 × 844: seconds and taps from the first paint to a ZIP of themselves, and from "Try it with a
// sample face" to the first match. FindMe must be running, with the demo album for the sample face.
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Playwright;

var pageOption = new Option<string>("--page") { Description = "Where FindMe runs, such as http://localhost:5100.", Required = true };
var selfieOption = new Option<FileInfo>("--selfie") { Description = "The demo photo sample1.jpg, whose third face is chosen.", Required = true };
selfieOption.AcceptExistingOnly();
var rounds = new Option<int>("--rounds") { Description = "How often, each time as somebody new.", DefaultValueFactory = _ => 3 };
var root = new RootCommand("Takes the time of a newcomer's first minute.") { pageOption, selfieOption, rounds };
root.SetAction(async (parsed, cancellationToken) =>
{
    using var playwright = await Playwright.CreateAsync();
    await using var browser = await playwright.Chromium.LaunchAsync(new()
    {
        ExecutablePath = Environment.GetEnvironmentVariable("FINDME_CHROMIUM") is { Length: > 0 } path ? path : "/usr/bin/chromium",
        Args = ["--no-sandbox", "--disable-gpu"],
    });
    for (var round = 0; round < parsed.GetValue(rounds); round++)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var address = parsed.GetRequiredValue(pageOption);
        var (zipSeconds, zipTaps) = await new Newcomer(browser, address).DownloadAsync(parsed.GetRequiredValue(selfieOption).FullName);
        var sampleSeconds = await new Newcomer(browser, address).TrySampleAsync();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"secondsToZip":{{zipSeconds:0.0}},"tapsToZip":{{zipTaps}},"secondsFromSampleToFirstMatch":{{sampleSeconds:0.0}}}"""));
    }
});
return await root.Parse(args).InvokeAsync();

/// <summary>Somebody who is here for the first time, with a phone.</summary>
/// <param name="browser">The browser.</param>
/// <param name="address">FindMe's address.</param>
internal sealed class Newcomer(IBrowser browser, string address)
{
    private int _taps;

    /// <summary>From the first paint to the whole ZIP file.</summary>
    public async Task<(double Seconds, int Taps)> DownloadAsync(string selfie)
    {
        await using var context = await OpenAsync();
        var page = await ArriveAsync(context);
        var watch = Stopwatch.StartNew();
        await AgreeAsync(page);

        // Choosing a file is one tap on the page; the picker is the phone's own.
        _taps++;
        await page.Locator("#photo").SetInputFilesAsync(selfie);
        await TapAsync(page.GetByRole(AriaRole.Button, new() { Name = "Face 3 of 3, from the left" }));
        await TapAsync(page.GetByRole(AriaRole.Button, new() { Name = "Find me in Demo photos" }));
        var button = page.GetByText("Download all").First;
        await button.WaitForAsync(new() { Timeout = 120_000 });
        var download = await page.RunAndWaitForDownloadAsync(() => TapAsync(button), new() { Timeout = 120_000 });
        if (await download.FailureAsync() is { } failure)
        {
            throw new InvalidDataException($"The download failed: {failure}");
        }

        return (watch.Elapsed.TotalSeconds, _taps);
    }

    /// <summary>From the tap on the sample face to the first match.</summary>
    public async Task<double> TrySampleAsync()
    {
        await using var context = await OpenAsync();
        var page = await ArriveAsync(context);
        await AgreeAsync(page);
        var button = page.GetByRole(AriaRole.Button, new() { Name = "Try it with a sample face" });
        await button.WaitForAsync();
        var watch = Stopwatch.StartNew();
        await TapAsync(button);
        await page.Locator("main img[src*='/photos/']").First.WaitForAsync(new() { Timeout = 60_000 });
        return watch.Elapsed.TotalSeconds;
    }

    private Task<IBrowserContext> OpenAsync() => browser.NewContextAsync(new() { BaseURL = address, ViewportSize = new() { Width = 390, Height = 844 }, HasTouch = true, IsMobile = true, AcceptDownloads = true });

    private static async Task<IPage> ArriveAsync(IBrowserContext context)
    {
        var page = await context.NewPageAsync();
        await page.GotoAsync("/");
        await page.GetByRole(AriaRole.Checkbox).WaitForAsync();
        return page;
    }

    private async Task AgreeAsync(IPage page)
    {
        await TapAsync(page.GetByRole(AriaRole.Checkbox));
        await TapAsync(page.GetByRole(AriaRole.Button, new() { Name = "I agree: find my face" }));
    }

    private Task TapAsync(ILocator target)
    {
        _taps++;
        return target.TapAsync();
    }
}
