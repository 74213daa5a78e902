using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace FindMe.Page.Tests;

/// <summary>Looks at a state of the page as everybody meets it.</summary>
/// <remarks>With <c>FINDME_PICTURES</c> set, at each width in both themes, and keeps pictures of it, which take a second or two each.</remarks>
internal static class Appearance
{
    // Only what is wrong is asked for; listing what is right takes longer than finding it.
    private static readonly AxeRunOptions ViolationsOnly = new() { ResultTypes = [ResultType.Violations] };

    /// <summary>The width of a phone, at which the way is gone, in pixels.</summary>
    public const int Phone = 390;

    private const int Desktop = 1280;

    private static readonly bool TakesPictures = Environment.GetEnvironmentVariable("FINDME_PICTURES") is { Length: > 0 };

    /// <summary>Looks at both widths, each in a theme of its own; the page must fit both, and have no serious accessibility problem.</summary>
    public static async Task LookAtAsync(IPage page, string state)
    {
        if (TakesPictures)
        {
            await LookAtAsync(page, state, ColorScheme.Dark, Desktop);
        }

        await LookAtAsync(page, state, ColorScheme.Light, Desktop);
        if (TakesPictures)
        {
            await LookAtAsync(page, state, ColorScheme.Light, Phone);
        }

        await LookAtAsync(page, state, ColorScheme.Dark, Phone);
    }

    private static async Task LookAtAsync(IPage page, string state, ColorScheme theme, int width)
    {
        var name = $"{state}-{width}-{theme.ToString().ToLowerInvariant()}";
        await page.EmulateMediaAsync(new() { ColorScheme = theme });
        await page.SetViewportSizeAsync(width, 844);
        // After the next frame: the grid of photos follows the width before it is painted.
        Assert.True(
            await page.EvaluateAsync<bool>("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(document.documentElement.scrollWidth <= innerWidth))))"),
            $"{name} is wider than its window.");
        if (TakesPictures)
        {
            // A dialog fills the window, not the page under it.
            var inDialog = await page.Locator("dialog[open]").CountAsync() > 0;
            await page.ScreenshotAsync(new() { Path = Path.Combine(RunningFindMe.Screenshots, $"{name}.png"), FullPage = !inDialog });
        }

        var result = await page.RunAxe(ViolationsOnly);
        Assert.Empty(result.Violations.Where(IsGrave).Select(violation => $"{name}: {Describe(violation)}"));
    }

    private static bool IsGrave(AxeResultItem violation) => violation.Impact is "serious" or "critical";

    private static string Describe(AxeResultItem violation) =>
        $"{violation.Id} ({violation.Impact}): {violation.Help} at {string.Join(", ", violation.Nodes.Select(node => node.Html))}";
}
