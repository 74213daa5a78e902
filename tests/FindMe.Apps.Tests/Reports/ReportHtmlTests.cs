using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;
using FindMe.Reports;

namespace FindMe.Apps.Tests.Reports;

public sealed partial class ReportHtmlTests
{
    // What would run, leave its element, or turn the direction of what follows.
    private const string Hostile = "</title></style><script>alert(1)</script><img src=x onerror=alert(1)>\"'&\u202Egpj.exe";

    [Fact]
    public async Task Nothing_that_anybody_wrote_becomes_markup_or_runs()
    {
        var photo = new ReportPhoto("1", Hostile) { Author = Hostile, Text = Hostile, Caption = Hostile, Link = "javascript:alert(1)", NetworkTitle = Hostile, Picture = "a" };
        var report = new TripReport(Hostile, [photo, photo with { Id = "2", Link = "https://example.org/\"><script>alert(1)</script>" }]) { Event = Hostile };

        var html = await PageAsync(report, _ => new ReportPicture("", Hostile));

        Assert.DoesNotContain(Tag().Matches(html).Select(match => match.Groups[1].Value), tag => tag is "script" or "img" or "svg" or "iframe");
        Assert.Equal(1, html.Split("</style>").Length - 1);
        Assert.Equal(1, html.Split("</title>").Length - 1);
        Assert.DoesNotContain("javascript:", html, StringComparison.Ordinal);
        Assert.Equal("https://example.org/&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;", Assert.Single(Address().Matches(html)).Groups[1].Value);
        Assert.Contains("default-src &#39;none&#39;", html.Replace("'", "&#39;", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Photos_stand_under_their_days_copies_of_a_picture_stand_together_and_X_has_a_link_alone()
    {
        var day = new DateTimeOffset(2026, 11, 3, 9, 0, 0, TimeSpan.Zero);
        var asked = new List<ReportPhoto>();
        ReportPhoto[] photos =
        [
            new("1", "one") { Author = "ann", NetworkTitle = "Mastodon", Link = "https://one.example/1", Time = day, Picture = "same", Caption = "قاعة المؤتمر" },
            new("2", "copy") { Author = "bob", NetworkTitle = "Bluesky", Link = "https://two.example/2", Time = day.AddDays(2), Picture = "same" },
            new("3", "x") { Author = "cat", NetworkTitle = "X", Link = "https://x.example/3", Time = day.AddDays(1), IsLinkOnly = true },
            new("4", "film") { Author = "ann", NetworkTitle = "Mastodon", Link = "https://one.example/4", Time = day.AddDays(1), VideoTime = TimeSpan.FromSeconds(65) },
        ];

        var html = await PageAsync(new TripReport("Trip", photos) { From = new DateOnly(2026, 11, 2), To = new DateOnly(2026, 12, 1) }, photo =>
        {
            asked.Add(photo);
            return new ReportPicture($"{photo.Name}.jpg");
        });

        Assert.Equal(["Tuesday, 3 November 2026", "Wednesday, 4 November 2026"], DayHeading().Matches(html).Select(match => match.Groups[1].Value));
        Assert.Contains("2 November – 1 December 2026", html, StringComparison.Ordinal);
        Assert.Contains("2 copies of this picture", html, StringComparison.Ordinal);
        Assert.Contains("<p class=\"caption\" dir=\"auto\">قاعة المؤتمر</p>", html, StringComparison.Ordinal);
        Assert.Contains("at 0:01:05 of the video", html, StringComparison.Ordinal);
        Assert.Contains("<svg class=\"timeline\"", html, StringComparison.Ordinal);
        Assert.DoesNotContain(asked, photo => photo.IsLinkOnly);
        Assert.Contains(ReportText.LinkOnly, html, StringComparison.Ordinal);
        Assert.Equal(4, Address().Count(html));
    }

    [Fact]
    public async Task Where_the_archive_is_full_further_photos_are_lines_of_the_list()
    {
        var picture = TemporaryFolder.BlankPng(8, 8);
        var report = new TripReport("", [.. Enumerable.Range(0, 4).Select(number => new ReportPhoto($"{number}", $"{number}.png"))]);
        using var file = new MemoryStream();

        await PhotoArchive.WriteAsync(file, report, (_, _) => Task.FromResult(new PhotoFile(picture)), TestContext.Current.CancellationToken, maxBytes: 2 * picture.Length);

        using var zip = new ZipArchive(file);
        Assert.Equal(["0.png", "1.png", "2.png", "report.html", "credits.csv"], zip.Entries.Select(entry => entry.FullName));
        await using var credits = await zip.Entries[^1].OpenAsync(TestContext.Current.CancellationToken);
        using var reader = new StreamReader(credits);
        Assert.Contains("The archive is full", (await reader.ReadToEndAsync(TestContext.Current.CancellationToken)).Split("\r\n")[4], StringComparison.Ordinal);
        Assert.True(PhotoArchive.MaxBytes + new FindMe.Faces.FaceEngineOptions().MaxPhotoBytes < uint.MaxValue);
    }

    private static async Task<string> PageAsync(TripReport report, Func<ReportPhoto, ReportPicture> picture)
    {
        using var page = new MemoryStream();
        await ReportHtml.WriteAsync(page, report, (photo, _) => Task.FromResult(picture(photo)), TestContext.Current.CancellationToken);
        return Encoding.UTF8.GetString(page.ToArray());
    }

    [GeneratedRegex("<([a-z0-9]+)")]
    private static partial Regex Tag();

    [GeneratedRegex("<h2>([^<]*)</h2>")]
    private static partial Regex DayHeading();

    [GeneratedRegex("href=\"([^\"]*)\"")]
    private static partial Regex Address();
}
