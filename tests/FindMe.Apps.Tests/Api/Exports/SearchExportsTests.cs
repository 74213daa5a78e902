using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using FindMe.DemoNetworks;
using FindMe.DemoNetworks.Media;
using FindMe.Faces;
using FindMe.Reports;

namespace FindMe.Apps.Tests.Api;

public sealed class SearchExportsTests(NetworkedFindMe findMe)
{
    [Fact]
    public async Task A_ZIP_file_has_the_original_bytes_under_safe_and_unique_names_and_a_line_for_a_photo_that_is_gone()
    {
        using var ada = await findMe.NewVisitorAsync();
        var photo = PhotoRendering.ToJpeg(await File.ReadAllBytesAsync(Checkouts.DemoPhotos[0], TestContext.Current.CancellationToken), 800);
        string[] names = ["a/me.jpg", "b/ME.JPG", "con.jpg", "=1+1.jpg", "what?<me>:.jpg", "\u202Egpj.exe", "gone.jpg"];
        var (upload, search) = await ada.SearchZipAsync([.. names.Select(name => (name, photo))]);
        File.Delete(Path.Combine(findMe.Data, "uploads", upload, "6"));

        using var answer = await ada.Http.GetAsync(Export(search, "zip"), TestContext.Current.CancellationToken);
        Assert.Equal("application/zip", answer.Content.Headers.ContentType!.MediaType);
        Assert.True(answer.Headers.CacheControl!.NoStore);
        using var zip = new ZipArchive(new MemoryStream(await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken)));

        Assert.Equal(["me.jpg", "ME (2).jpg", "_con.jpg", "=1+1.jpg", "what__me__.jpg", "_gpj.exe.jpg", "report.html", "credits.csv"], zip.Entries.Select(entry => entry.FullName));
        foreach (var entry in zip.Entries.SkipLast(2))
        {
            Assert.Equal(photo, await BytesAsync(entry));
            Assert.Equal(entry.Length, entry.CompressedLength);
        }

        var credits = Encoding.UTF8.GetString(await BytesAsync(zip.Entries[^1])).Split("\r\n");
        Assert.StartsWith("\"'=1+1.jpg\"", credits[4], StringComparison.Ordinal);
        Assert.StartsWith("\"\",\"zip\"", credits[7], StringComparison.Ordinal);
        Assert.Contains("deleted", credits[7], StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_photo_is_downloaded_as_the_file_it_was_under_a_safe_name_and_only_where_it_counts_as_found()
    {
        using var ada = await findMe.NewVisitorAsync();
        using var eve = await findMe.NewVisitorAsync();
        var photo = PhotoRendering.ToJpeg(await File.ReadAllBytesAsync(Checkouts.DemoPhotos[0], TestContext.Current.CancellationToken), 800);
        var (upload, search) = await ada.SearchZipAsync(("a/what?me.png", photo), ("nobody.png", TemporaryFolder.BlankPng(64, 64)));
        var address = (await ada.GetAsync($"/api/searches/{search}"))["matches"]![0]!["photo"]!["url"]!.GetValue<string>();

        using var answer = await ada.Http.GetAsync(new Uri($"{address}/original", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(photo, await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        Assert.Equal(("attachment", "what_me.jpg"), (answer.Content.Headers.ContentDisposition!.DispositionType, answer.Content.Headers.ContentDisposition.FileName!.Trim('"')));
        Assert.Equal("application/octet-stream", answer.Content.Headers.ContentType!.MediaType);
        Assert.True(answer.Headers.CacheControl!.NoStore);

        Assert.Equal(HttpStatusCode.NotFound, await eve.StatusOfAsync(HttpMethod.Get, $"{address}/original"));
        Assert.Equal(HttpStatusCode.NotFound, await ada.StatusOfAsync(HttpMethod.Get, $"{address[..^1]}1/original"));
        File.Delete(Path.Combine(findMe.Data, "uploads", upload, "0"));
        Assert.Equal(HttpStatusCode.Gone, await ada.StatusOfAsync(HttpMethod.Get, $"{address}/original"));
    }

    [Fact]
    public async Task Only_found_photos_can_be_named_and_only_by_their_person()
    {
        using var ada = await findMe.NewVisitorAsync();
        var photo = PhotoRendering.ToJpeg(await File.ReadAllBytesAsync(Checkouts.DemoPhotos[0], TestContext.Current.CancellationToken), 800);
        var (_, search) = await ada.SearchZipAsync(("one, two.jpg", photo), ("nobody.png", TemporaryFolder.BlankPng(64, 64)), ("three.jpg", photo));
        using var eve = await findMe.NewVisitorAsync();

        Assert.Equal(["one, two.jpg", "three.jpg"], await NamesAsync(ada, search, ""));
        Assert.Equal(["three.jpg", "one, two.jpg"], await NamesAsync(ada, search, "&photos=2%20three.jpg&photos=0%20one,%20two.jpg"));
        var key = (await ada.GetAsync($"/api/searches/{search}"))["matches"]![0]!["photo"]!["url"]!.GetValue<string>().Split('/')[^1];
        Assert.Equal(["one, two.jpg", "three.jpg"], await NamesAsync(ada, search, $"&photos={key},2%20three.jpg"));

        foreach (var (visitor, query) in new[] { (ada, "&photos=1%20nobody.png"), (ada, "&photos=2%20three.jpg,none"), (eve, "") })
        {
            using var refused = await visitor.Http.GetAsync(Export(search, "zip" + query), TestContext.Current.CancellationToken);
            await ProblemAssert.IsAsync(refused, 404, "not-found");
        }

        using var answer = await ada.Http.GetAsync(Export(search, "exe"), TestContext.Current.CancellationToken);
        await ProblemAssert.IsAsync(answer, 400, "unknown-format");

        // What they say is not them is not taken along.
        using var judged = await ada.Http.PostAsJsonAsync(
            $"/api/searches/{search}/judgements", new { judgements = new[] { new { photo = "2 three.jpg", isMe = false } } }, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NoContent, judged.StatusCode);
        using var rejected = await ada.Http.GetAsync(Export(search, "zip&photos=2%20three.jpg"), TestContext.Current.CancellationToken);
        await ProblemAssert.IsAsync(rejected, 404, "not-found");
    }

    [Fact]
    public async Task Of_X_an_export_has_links_and_neither_pictures_nor_texts_and_of_Mastodon_both()
    {
        using var ada = await findMe.NewVisitorAsync();
        findMe.X.Publish(new ScenarioPost { Text = "#export", MinutesAgo = 1, Media = [new() { Picture = "demo/0", Alt = "On stage" }] });
        findMe.Bench.Mastodon.Publish(new ScenarioPost { Text = "#export", MinutesAgo = 1, Media = [new() { Picture = "demo/0", Alt = "On stage" }] });

        foreach (var (source, files) in new[] { ("x", 0), ("mastodon", 1) })
        {
            var search = await ada.SearchAsync(NetworkedFindMe.Wish(source, "#export"));
            var view = await ada.UntilEndedAsync(search);
            var link = view["matches"]![0]!["post"]!["url"]!.GetValue<string>();

            Assert.Equal(files, (await NamesAsync(ada, search, "")).Count);
            Assert.Equal(
                source == "x" ? HttpStatusCode.Forbidden : HttpStatusCode.OK,
                await ada.StatusOfAsync(HttpMethod.Get, view["matches"]![0]!["photo"]!["url"]!.GetValue<string>() + "/original"));
            foreach (var format in new[] { "csv", "md" })
            {
                var text = await ada.Http.GetStringAsync(Export(search, format), TestContext.Current.CancellationToken);
                Assert.Contains(link, text, StringComparison.Ordinal);
                Assert.Equal(source != "x", text.Contains("On stage", StringComparison.Ordinal));
                Assert.Equal(source == "x", text.Contains(ReportText.LinkOnly, StringComparison.Ordinal));
            }
        }
    }

    [Fact]
    public async Task A_person_downloads_one_file_at_a_time_and_can_begin_the_next_when_they_leave()
    {
        using var ada = await findMe.NewVisitorAsync();
        var photo = await File.ReadAllBytesAsync(Checkouts.DemoPhotos[0], TestContext.Current.CancellationToken);

        // More than the buffers of the connection hold.
        var (upload, search) = await ada.SearchZipAsync([.. Enumerable.Range(0, 30).Select(number => ($"{number}.jpg", Padded(photo, 600_000)))]);
        var before = Directory.GetFiles(Path.Combine(findMe.Data, "uploads", upload));
        using (var first = await ada.Http.GetAsync(Export(search, "zip"), HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken))
        {
            Assert.Equal(HttpStatusCode.OK, first.StatusCode);
            using var second = await ada.Http.GetAsync(Export(search, "zip"), TestContext.Current.CancellationToken);
            await ProblemAssert.IsAsync(second, 429, "export-running");
            Assert.NotNull(second.Headers.RetryAfter);
            var one = (await ada.GetAsync($"/api/searches/{search}"))["matches"]![0]!["photo"]!["url"]!.GetValue<string>();
            Assert.Equal(HttpStatusCode.TooManyRequests, await ada.StatusOfAsync(HttpMethod.Get, $"{one}/original"));
        }

        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            using var third = await ada.Http.GetAsync(Export(search, "zip"), HttpCompletionOption.ResponseHeadersRead, deadline.Token);
            if (third.StatusCode == HttpStatusCode.OK)
            {
                break;
            }

            await Task.Delay(100, deadline.Token);
        }

        // Neither a file nor a photo that is still open.
        Assert.Equal(before, Directory.GetFiles(Path.Combine(findMe.Data, "uploads", upload)));
        var page = findMe.System.Processes.Running().Single(process => process.Name == "findme-api").Id;
        while (new DirectoryInfo($"/proc/{page}/fd").EnumerateFiles().Any(file => file.LinkTarget?.Contains(upload, StringComparison.Ordinal) == true))
        {
            await Task.Delay(100, deadline.Token);
        }
    }

    [Fact]
    public async Task Of_a_video_an_archive_has_the_frame_that_shows_the_person_and_its_time()
    {
        using var ada = await findMe.NewVisitorAsync();
        Assert.NotNull(await Films.ReadAsync("film/0"));
        findMe.Bench.Mastodon.Publish(new ScenarioPost { Text = "#framed", MinutesAgo = 1, Media = [new() { Kind = MediaKind.Video, Picture = "mosaic/9600", Video = "film/0" }] });
        var search = await ada.SearchAsync(NetworkedFindMe.Wish("mastodon", "#framed"));
        await ada.UntilEndedAsync(search);

        using var zip = new ZipArchive(new MemoryStream(await ada.Http.GetByteArrayAsync(Export(search, "zip"), TestContext.Current.CancellationToken)));

        Assert.Equal([".jpg", ".html", ".csv"], zip.Entries.Select(entry => Path.GetExtension(entry.FullName)));
        Assert.Equal([0xFF, 0xD8], (await BytesAsync(zip.Entries[0]))[..2]);
        var credits = Encoding.UTF8.GetString(await BytesAsync(zip.Entries[^1])).Split("\r\n")[1];
        Assert.Matches("\"0:00:0[0-9]\",\"A frame of the video.\"$", credits);
        Assert.Contains(" of the video", Encoding.UTF8.GetString(await BytesAsync(zip.Entries[1])), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("AUX", "_AUX.jpg")]
    [InlineData("com¹.tar.jpeg", "_com¹.tar.jpg")]
    [InlineData("...", "photo.jpg")]
    [InlineData("", "photo.jpg")]
    [InlineData("end. .jpg", "end.jpg")]
    [InlineData("a\tb\0c\\d", "a_b_c_d.jpg")]
    [InlineData("CREDITS.csv", "CREDITS.csv.jpg")]
    public void A_file_name_is_safe_everywhere(string wanted, string name) => Assert.Equal(name, new FileNames("credits.csv").Take(wanted, ".jpg"));

    [Fact]
    public void A_long_name_is_cut_between_characters()
    {
        var name = new FileNames().Take(string.Concat(Enumerable.Repeat("👩🏽‍💻", 100)), ".jpg");

        Assert.InRange(Encoding.UTF8.GetByteCount(name), 10, 255);
        Assert.DoesNotContain('\uFFFD', Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(name)));
    }

    // Bytes after a JPEG's end are no part of the picture.
    private static byte[] Padded(byte[] photo, int bytes)
    {
        var padded = new byte[Math.Max(bytes, photo.Length)];
        photo.CopyTo(padded, 0);
        return padded;
    }

    private static Uri Export(string search, string format) => new($"/api/searches/{search}/export?format={format}", UriKind.Relative);

    private static async Task<List<string>> NamesAsync(Visitor visitor, string search, string query)
    {
        using var zip = new ZipArchive(new MemoryStream(await visitor.Http.GetByteArrayAsync(Export(search, "zip" + query))));
        Assert.Equal(["report.html", "credits.csv"], zip.Entries.TakeLast(2).Select(entry => entry.FullName));
        return [.. zip.Entries.SkipLast(2).Select(entry => entry.FullName)];
    }

    private static async Task<byte[]> BytesAsync(ZipArchiveEntry entry)
    {
        await using var content = await entry.OpenAsync();
        using var copy = new MemoryStream();
        await content.CopyToAsync(copy);
        return copy.ToArray();
    }
}
