using System.Diagnostics;
using Microsoft.Playwright;

namespace FindMe.Visitors;

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
