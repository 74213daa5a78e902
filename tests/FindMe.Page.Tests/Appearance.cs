using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace FindMe.Page.Tests;

/// <summary>Looks at a state of the page as everybody meets it, and keeps pictures of it.</summary>
internal static class Appearance
{
    // Only what is wrong is asked for; listing what is right takes longer than finding it.
    private static readonly AxeRunOptions ViolationsOnly = new() { ResultTypes = [ResultType.Violations] };

    /// <summary>The width of a phone, at which the way is gone, in pixels.</summary>
    public const int Phone = 390;

    private const int Desktop = 1280;

    /// <summary>Takes pictures at both widths, each in a theme of its own; the page must fit both, and have no serious accessibility problem.</summary>
    public static async Task LookAtAsync(IPage page, string state)
    {
        await LookAtAsync(page, state, ColorScheme.Light, Desktop);
        await LookAtAsync(page, state, ColorScheme.Dark, Phone);
    }

    private static async Task LookAtAsync(IPage page, string state, ColorScheme theme, int width)
    {
        await page.EmulateMediaAsync(new() { ColorScheme = theme });
        await TakePictureAsync(page, state, theme, width);
        var result = await page.RunAxe(ViolationsOnly);
        Assert.Empty(result.Violations.Where(IsGrave).Select(violation => $"{state}, {theme}, {width}: {Describe(violation)}"));
    }

    private static async Task TakePictureAsync(IPage page, string state, ColorScheme theme, int width)
    {
        var name = $"{state}-{width}-{theme.ToString().ToLowerInvariant()}";
        await page.SetViewportSizeAsync(width, 844);
        // A dialog fills the window, not the page under it.
        var inDialog = await page.Locator("dialog[open]").CountAsync() > 0;
        await page.ScreenshotAsync(new() { Path = Path.Combine(RunningFindMe.Screenshots, $"{name}.png"), FullPage = !inDialog });
        Assert.True(
            await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"),
            $"{name} is wider than its window.");
    }

    private static bool IsGrave(AxeResultItem violation) => violation.Impact is "serious" or "critical";

    private static string Describe(AxeResultItem violation) =>
        $"{violation.Id} ({violation.Impact}): {violation.Help} at {string.Join(", ", violation.Nodes.Select(node => node.Html))}";
}
