using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FindMe.DemoNetworks;
using FindMe.Faces;
using FindMe.Pipeline;
using FindMe.Reports;

namespace FindMe.Apps.Tests.Api;

public sealed class SearchReportsTests(NetworkedFindMe findMe)
{
    private const string Title = "Three days at <b>the</b> conference, مع الأصدقاء";

    private static readonly string[] Order = ["2 three, four.jpg", "0 one.jpg"];

    private static byte[] Photo { get; } = PhotoRendering.ToJpeg(File.ReadAllBytes(Checkouts.DemoPhotos[0]), 800);

    [Fact]
    public async Task A_report_is_kept_with_its_search_and_every_format_follows_it()
    {
        using var ada = await findMe.NewVisitorAsync();
        var (_, search) = await ada.SearchZipAsync(("one.jpg", Photo), ("two.jpg", Photo), ("three, four.jpg", Photo));
        var proposed = await ada.GetAsync(Path(search));
        Assert.Equal(["0 one.jpg", "1 two.jpg", "2 three, four.jpg"], Photos(proposed));
        Assert.Null(proposed["version"]);

        using var saved = await SaveAsync(ada, search, new
        {
            title = Title,
            @event = "dotnetconf",
            from = "2026-11-03",
            to = "2026-11-05",
            cover = "0 one.jpg",
            photos = Order,
            captions = new Dictionary<string, string> { ["0 one.jpg"] = "On stage", ["2 three, four.jpg"] = "" },
        });
        Assert.Equal(HttpStatusCode.OK, saved.StatusCode);

        var report = await ada.GetAsync(Path(search));
        Assert.Equal(Title, report["title"]!.GetValue<string>());
        Assert.Equal("2026-11-03", report["from"]!.GetValue<string>());
        Assert.Equal("0 one.jpg", report["cover"]!.GetValue<string>());
        Assert.Equal(Order, Photos(report));
        Assert.Equal("""{"0 one.jpg":"On stage"}""", report["captions"]!.ToJsonString());
        Assert.Equal($"\"{report["version"]}\"", saved.Headers.ETag!.Tag);

        using var html = await ada.Http.GetAsync(Export(search, "html"), TestContext.Current.CancellationToken);
        Assert.Equal("text/html", html.Content.Headers.ContentType!.MediaType);
        Assert.Equal($"{ReportHtml.ContentSecurityPolicy}; frame-ancestors 'self'", Assert.Single(html.Headers.GetValues("Content-Security-Policy")));
        Assert.True(html.Headers.CacheControl!.NoStore);
        var page = await html.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains("<h1 dir=\"auto\">Three days at &lt;b&gt;the&lt;/b&gt; conference, مع الأصدقاء</h1>", page, StringComparison.Ordinal);
        Assert.Contains("3 – 5 November 2026", page, StringComparison.Ordinal);
        Assert.Contains("2 copies of this picture", page, StringComparison.Ordinal);
        Assert.Contains("src=\"data:image/jpeg;base64,", page, StringComparison.Ordinal);
        Assert.DoesNotContain("two.jpg", page, StringComparison.Ordinal);

        var markdown = await ada.Http.GetStringAsync(Export(search, "md"), TestContext.Current.CancellationToken);
        Assert.Contains("dotnetconf · 3 – 5 November 2026", markdown, StringComparison.Ordinal);
        Assert.True(markdown.IndexOf("three, four.jpg", StringComparison.Ordinal) < markdown.IndexOf("one.jpg · On stage", StringComparison.Ordinal));
        Assert.Contains(",\"On stage\",", await ada.Http.GetStringAsync(Export(search, "csv"), TestContext.Current.CancellationToken), StringComparison.Ordinal);

        // In the archive its pictures are the files beside it.
        using var zip = new ZipArchive(new MemoryStream(await ada.Http.GetByteArrayAsync(Export(search, "zip"), TestContext.Current.CancellationToken)));
        Assert.Equal(["three, four.jpg", "one.jpg", "report.html", "credits.csv"], zip.Entries.Select(entry => entry.FullName));
        using var reader = new StreamReader(await zip.GetEntry("report.html")!.OpenAsync(TestContext.Current.CancellationToken));
        Assert.Contains("src=\"three%2C%20four.jpg\"", await reader.ReadToEndAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_report_that_was_changed_in_another_tab_is_not_overwritten_unawares()
    {
        using var ada = await findMe.NewVisitorAsync();
        var (_, search) = await ada.SearchZipAsync(("one.jpg", Photo));

        using var first = await SaveAsync(ada, search, new { title = "first", photos = Array.Empty<string>() }, "\"new\"");
        var version = first.Headers.ETag!.Tag;
        using var late = await SaveAsync(ada, search, new { title = "late", photos = Array.Empty<string>() }, "\"new\"");
        await ProblemAssert.IsAsync(late, 412, "report-changed");
        using var next = await SaveAsync(ada, search, new { title = "next", photos = Array.Empty<string>() }, version);
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
        Assert.NotEqual(version, next.Headers.ETag!.Tag);
        using var stale = await SaveAsync(ada, search, new { title = "stale", photos = Array.Empty<string>() }, version);
        await ProblemAssert.IsAsync(stale, 412, "report-changed");

        Assert.Equal("next", (await ada.GetAsync(Path(search)))["title"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_report_names_found_photos_only_and_is_bounded()
    {
        using var ada = await findMe.NewVisitorAsync();
        using var eve = await findMe.NewVisitorAsync();
        var (_, search) = await ada.SearchZipAsync(("one.jpg", Photo), ("nobody.png", TemporaryFolder.BlankPng(64, 64)), ("three.jpg", Photo));
        string[] one = ["0 one.jpg"];

        foreach (var (body, status, type) in new (object Body, int Status, string Type)[]
        {
            (new { photos = new[] { "1 nobody.png" } }, 422, "unknown-photo"),
            (new { photos = one, cover = "1 nobody.png" }, 422, "unknown-photo"),
            (new { photos = one, captions = new Dictionary<string, string> { ["9 none.jpg"] = "me" } }, 422, "unknown-photo"),
            (new { photos = one, captions = new Dictionary<string, string> { ["0 one.jpg"] = new('x', 1_001) } }, 400, "bad-report"),
            (new { photos = one, captions = new Dictionary<string, string?> { ["0 one.jpg"] = null } }, 400, "bad-report"),
            (new { title = new string('x', 201), photos = one }, 400, "bad-report"),
            (new { from = "2026-11-05", to = "2026-11-03", photos = one }, 400, "bad-report"),
            (new { title = "none" }, 400, "bad-report"),
        })
        {
            using var refused = await SaveAsync(ada, search, body);
            await ProblemAssert.IsAsync(refused, status, type);
        }

        using var foreign = await SaveAsync(eve, search, new { photos = one });
        await ProblemAssert.IsAsync(foreign, 404, "not-found");
        Assert.Equal(HttpStatusCode.NotFound, await eve.StatusOfAsync(HttpMethod.Get, Path(search)));
        Assert.Null((await ada.GetAsync(Path(search)))["version"]);

        // What they say is not them leaves the report too.
        string[] both = ["0 one.jpg", "2 three.jpg"];
        using var saved = await SaveAsync(ada, search, new { photos = both, cover = "2 three.jpg" });
        Assert.Equal(HttpStatusCode.OK, saved.StatusCode);
        using var judged = await ada.Http.PostAsJsonAsync(
            $"/api/searches/{search}/judgements", new { judgements = new[] { new { photo = "2 three.jpg", isMe = false } } }, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NoContent, judged.StatusCode);
        var left = await ada.GetAsync(Path(search));
        Assert.DoesNotContain("2 three.jpg", Photos(left));
        Assert.Null(left["cover"]);
    }

    [Fact]
    public async Task A_report_is_encrypted_in_the_store_and_goes_with_its_search()
    {
        using var ada = await findMe.NewVisitorAsync();
        var (_, search) = await ada.SearchZipAsync(("one.jpg", Photo));
        using var saved = await SaveAsync(ada, search, new { title = "A secret", photos = Array.Empty<string>() });

        var stored = await findMe.Dapr.GetStateAsync<JsonElement>(StateKeys.Store, StateKeys.Report(search), TestContext.Current.CancellationToken);
        Assert.DoesNotContain("secret", stored.GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain("secret", Encoding.UTF8.GetString(Convert.FromBase64String(stored.GetProperty("ciphertext").GetString()!)), StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.NoContent, await ada.StatusOfAsync(HttpMethod.Delete, $"/api/searches/{search}"));
        Assert.Null(await findMe.Dapr.GetStateAsync<EncryptedDocument>(StateKeys.Store, StateKeys.Report(search), TestContext.Current.CancellationToken));
        using var late = await SaveAsync(ada, search, new { photos = Array.Empty<string>() });
        await ProblemAssert.IsAsync(late, 404, "not-found");
    }

    [Fact]
    public async Task A_page_of_posts_on_networks_has_their_pictures_but_those_of_X()
    {
        using var ada = await findMe.NewVisitorAsync();
        findMe.X.Publish(new ScenarioPost { Text = "#page", MinutesAgo = 1, Media = [new() { Picture = "demo/0", Alt = "On stage" }] });
        findMe.Bench.Mastodon.Publish(new ScenarioPost { Text = "#page", MinutesAgo = 1, Media = [new() { Picture = "demo/0", Alt = "On stage" }] });

        foreach (var (source, pictures) in new[] { ("x", 0), ("mastodon", 1) })
        {
            var search = await ada.SearchAsync(NetworkedFindMe.Wish(source, "#page"));
            var link = (await ada.UntilEndedAsync(search))["matches"]![0]!["post"]!["url"]!.GetValue<string>();

            var page = await ada.Http.GetStringAsync(Export(search, "html"), TestContext.Current.CancellationToken);

            Assert.Equal(pictures, page.Split("<img ").Length - 1);
            Assert.Contains($">{link}</a>", page, StringComparison.Ordinal);
            Assert.Equal(source != "x", page.Contains("On stage", StringComparison.Ordinal));
            Assert.Equal(source == "x", page.Contains(ReportText.LinkOnly, StringComparison.Ordinal));
        }
    }

    private static string Path(string search) => $"/api/searches/{search}/report";

    private static Uri Export(string search, string format) => new($"/api/searches/{search}/export?report=true&format={format}", UriKind.Relative);

    private static string[] Photos(JsonNode report) => [.. report["photos"]!.AsArray().Select(photo => photo!.GetValue<string>())];

    private static async Task<HttpResponseMessage> SaveAsync(Visitor visitor, string search, object report, string? ifMatch = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, Path(search)) { Content = JsonContent.Create(report) };
        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        return await visitor.Http.SendAsync(request);
    }
}
