using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace FindMe.Page.Tests;

/// <summary>
/// Makes the pictures of README.md: <c>FindMe.Page.Tests --explicit only --filter-class FindMe.Page.Tests.ReadmePictures</c>. The page is the real
/// one; the search that it shows is made up, and its people are drawn, after wwwroot/art/contact-sheet.svg.
/// </summary>
public sealed partial class ReadmePictures(RunningFindMe findMe) : IClassFixture<RunningFindMe>
{
    private const int PhotoWidth = 196;
    private const int PhotoHeight = 150;

    private static readonly string[] Texts =
    [
        "What a day at #dotnetconf", "Great talk on events", "The hallway track", "Questions after the talk", "Lunch with friends", "On stage in five minutes", "Slides are up", "See you next year",
    ];

    [Theory(Explicit = true)]
    [InlineData(ColorScheme.Light, "light")]
    [InlineData(ColorScheme.Dark, "dark")]
    public async Task The_page_shows_a_search_with_drawn_people(ColorScheme theme, string name)
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe, 1200, theme);
        await visitor.AgreeAsync();
        var photos = DrawnPhotos();
        await visitor.Page.RouteAsync("**/api/searches/drawn**", route =>
        {
            var path = new Uri(route.Request.Url).AbsolutePath;
            var photo = Number().Match(path);
            return photo.Success
                ? route.FulfillAsync(new() { ContentType = "image/svg+xml", Body = photos[int.Parse(photo.Groups[1].Value, CultureInfo.InvariantCulture)].Svg })
                : route.FulfillAsync(new() { ContentType = "application/json", Body = ViewOf(photos).ToJsonString() });
        });

        await visitor.Page.GotoAsync("/#search=drawn");
        await Expect(visitor.Page.Locator("main img").First).ToBeVisibleAsync();
        await visitor.Page.WaitForLoadStateAsync(LoadState.NetworkIdle);

        await visitor.Page.ScreenshotAsync(new() { Path = Path.Combine(Checkouts.Root, "docs", "images", $"search-{name}.png") });
    }

    // The contact sheet's cells with the red-haired woman, as they are and mirrored, without the frame that is drawn round her there.
    private static List<(string Svg, double X, double Y, double Scale)> DrawnPhotos()
    {
        var sheet = File.ReadAllText(Path.Combine(Checkouts.Root, "apps", "FindMe.Api", "wwwroot", "art", "contact-sheet.svg"));
        var cells = Cell().Matches(sheet)
            .Select(cell => (Drawing: Frame().Replace(cell.Groups[1].Value, ""), Woman: Woman().Match(cell.Groups[1].Value)))
            .Where(cell => cell.Woman.Success)
            .Select(cell => (cell.Drawing, X: NumberOf(cell.Woman, 1), Y: NumberOf(cell.Woman, 2), Scale: NumberOf(cell.Woman, 3)))
            .ToList();
        return
        [
            .. cells.Select(cell => (SvgOf(cell.Drawing), cell.X, cell.Y, cell.Scale)),
            .. cells.Select(cell => (SvgOf($"<g transform=\"translate({PhotoWidth} 0) scale(-1 1)\">{cell.Drawing}</g>"), PhotoWidth - cell.X, cell.Y, cell.Scale)),
        ];
    }

    private static JsonObject ViewOf(List<(string Svg, double X, double Y, double Scale)> photos) => new()
    {
        ["id"] = "drawn",
        ["source"] = "hashtags",
        ["query"] = "#dotnetconf",
        ["createdAt"] = "2026-11-12T17:00:00Z",
        ["status"] = "finished",
        ["posts"] = 214,
        ["photos"] = new JsonObject { ["found"] = 312, ["compared"] = 312, ["skipped"] = 0 },
        ["matches"] = new JsonArray([.. photos.Select((photo, number) => new JsonObject
        {
            ["post"] = new JsonObject
            {
                ["id"] = $"{number}",
                ["url"] = $"https://social.example.org/@ann/{number}",
                ["network"] = number % 2 == 0 ? "mastodon" : "bluesky",
                ["author"] = number % 2 == 0 ? "ann@social.example.org" : "ben.example.org",
                ["createdAt"] = $"2026-11-12T1{number}:05:00Z",
                ["description"] = Texts[number % Texts.Length],
            },
            ["photo"] = new JsonObject { ["id"] = $"photo{number}", ["url"] = $"/api/searches/drawn/photos/{number}", ["width"] = PhotoWidth, ["height"] = PhotoHeight },
            ["box"] = new JsonObject { ["x"] = photo.X - (29 * photo.Scale), ["y"] = photo.Y - (26 * photo.Scale), ["width"] = 58 * photo.Scale, ["height"] = 62 * photo.Scale },
            ["distance"] = 0.6 + (0.04 * number),
            ["confidence"] = 0.999,
            ["band"] = "clear",
            ["verdict"] = "match",
        })]),
        ["judged"] = new JsonArray(),
        ["skipped"] = new JsonArray(),
        ["groups"] = new JsonArray(),
        ["terms"] = new JsonObject(),
        ["cost"] = 0,
        ["notices"] = new JsonArray(),
        ["canContinue"] = false,
    };

    private static string SvgOf(string drawing) =>
        $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {PhotoWidth} {PhotoHeight}\" width=\"{PhotoWidth * 4}\" height=\"{PhotoHeight * 4}\">{drawing}</svg>";

    private static double NumberOf(Match match, int group) => double.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex("""<g clip-path="url\(#f\d\)">(.*)</g></g>$""", RegexOptions.Multiline)]
    private static partial Regex Cell();

    [GeneratedRegex("""<path [^>]*stroke="#ff5a36"[^>]*/>""")]
    private static partial Regex Frame();

    // Her shirt is the first thing that is drawn of her.
    [GeneratedRegex("""<g transform="translate\((\d+) (\d+)\) scale\(([\d.]+)\)"><path d="[^"]*" fill="#1f8a86"/>""")]
    private static partial Regex Woman();

    [GeneratedRegex(@"/photos/(\d+)")]
    private static partial Regex Number();
}
