using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;

namespace FindMe.Apps.Tests.Api;

/// <summary>What somebody with bad intentions would send: each time refused with the right answer, and everybody else is served.</summary>
public sealed class AttackTests(AttackedSystem findMe) : IClassFixture<AttackedSystem>
{
    // One chunk of 1 MiB, as HTTP/1.1 frames it.
    private static readonly byte[] Chunk = [.. "100000\r\n"u8, .. new byte[1 << 20], .. "\r\n"u8];

    private static readonly TimeSpan Bounded = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task No_path_leads_out_of_an_album_or_of_the_page()
    {
        using var ada = findMe.NewVisitor();
        await ada.ShowDemoFaceAsync();
        foreach (var album in new[] { "../private", "holiday/../private", "/etc", "..", "%2e%2e", "holiday\0", findMe.HolidayFolder })
        {
            using var answer = await ada.Http.PostAsJsonAsync("/api/searches", new { source = "album", query = album }, TestContext.Current.CancellationToken);
            await ProblemAssert.IsAsync(answer, 422, "unknown-album");
        }

        var search = await ada.SearchAsync(AttackedSystem.Holiday);
        // Its events tell of the end without asking again and again, which is what is slow here.
        await ada.EventsAsync(search);
        var view = await ada.GetAsync($"/api/searches/{search}");
        Assert.Equal(2, Visitor.Count(view, "found"));
        var photo = view["matches"]!.AsArray()[0]!["photo"]!["id"]!.GetValue<string>();
        var shown = $"/api/searches/{search}/photos/1-{(photo == "photo000.jpg" ? 0 : 1)}";
        Assert.Equal(HttpStatusCode.OK, await ada.StatusOfAsync(HttpMethod.Get, shown));
        var own = $"/api/searches/{search}/photos";
        string[] targets =
        [
            $"{own}/../../../../../../etc/passwd", $"{own}/%2e%2e%2f%2e%2e%2fetc%2fpasswd", $"{own}/%252e%252e%252fetc%252fpasswd", $"{own}/1-0%00.jpg",
            $"{own}/1-0/../../../private/secret.jpg", $"{own}/link.jpg", $"{own}/folder/secret.jpg", $"{own}/..%5c..%5cprivate%5csecret.jpg", $"{own}/-1--1",
            $"{own}/1-99999999999999999999", $"{own}/%2Fetc%2Fpasswd", "/api/searches/..%2f..%2fperson/photos/1-0", "/api/searches/%00/photos/1-0",
            "/api/searches/search%2f1%7c%7cx/events", "/../appsettings.json", "/%2e%2e/FindMe.Api.dll", "/css/..%2f..%2fFindMe.Api.dll", "/%252e%252e/FindMe.Api.dll",
            "//etc/passwd", "/css/%00", "/..%c0%af..%c0%afetc/passwd",
        ];
        foreach (var target in targets)
        {
            using var connection = findMe.Connect();
            var answer = await connection.AskAsync($"GET {target} HTTP/1.1\r\nHost: localhost\r\nCookie: findme={ada.Cookie}\r\nConnection: close\r\n\r\n");
            Assert.True(answer.Status is 400 or 404, $"{target}: {answer.Head}");
            Assert.DoesNotContain("root:", answer.Body, StringComparison.Ordinal);
        }

        // What was a photo when it was found is a link by now.
        var file = Path.Combine(findMe.HolidayFolder, photo);
        File.Move(file, file + ".kept");
        File.CreateSymbolicLink(file, findMe.Secret);
        using (var gone = await ada.Http.GetAsync(new Uri(shown, UriKind.Relative), TestContext.Current.CancellationToken))
        {
            await ProblemAssert.IsAsync(gone, 410, "photo-gone");
        }

        File.Delete(file);
        File.Move(file + ".kept", file);
        await findMe.StillAnswersAsync();
    }

    [Fact]
    public async Task A_file_whose_name_is_not_UTF_8_is_skipped_with_its_reason()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs a file system whose names are any bytes");
        using var ada = findMe.NewVisitor();
        await ada.ShowDemoFaceAsync();
        using (var shell = Process.Start(new ProcessStartInfo("bash", ["-c", "cp photo000.jpg $'caf\\xe9.jpg' && cp photo000.jpg $'caf\\xe8.jpg' && mkdir $'d\\xe9' && cp photo000.jpg $'d\\xe9/in.jpg'"]) { WorkingDirectory = findMe.HolidayFolder })!)
        {
            await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(0, shell.ExitCode);
        }

        try
        {
            var view = await ada.UntilEndedAsync(await ada.SearchAsync(AttackedSystem.Holiday));

            Assert.Equal(5, Visitor.Count(view, "found"));
            var skipped = view["skipped"]!.AsArray();
            Assert.Equal(3, skipped.Count);
            Assert.All(skipped, photo => Assert.Contains("not valid UTF-8", photo!["reason"]!.GetValue<string>(), StringComparison.Ordinal));
        }
        finally
        {
            using var shell = Process.Start(new ProcessStartInfo("bash", ["-c", "rm -r $'caf\\xe9.jpg' $'caf\\xe8.jpg' $'d\\xe9'"]) { WorkingDirectory = findMe.HolidayFolder })!;
            await shell.WaitForExitAsync(CancellationToken.None);
        }
    }

    [Fact]
    public async Task A_picture_that_unfolds_to_gigabytes_is_refused_in_bounded_memory()
    {
        using var ada = findMe.NewVisitor();
        await ada.AgreeAsync();
        var manyPixels = TemporaryFolder.BlankPng(12_000, 12_000);
        var manyFrames = HostilePictures.GifOfManyFrames(20_000);
        Assert.True(manyPixels.Length < 2 << 20 && manyFrames.Length < 2 << 20);

        using var pixels = await ada.TryShowAsync(manyPixels);
        await ProblemAssert.IsAsync(pixels, 422, "not-an-image");
        using var claimed = await ada.TryShowAsync(HostilePictures.WithClaimedSize(TemporaryFolder.BlankPng(8, 8), 1_000_000, 1_000_000));
        await ProblemAssert.IsAsync(claimed, 422, "not-an-image");
        using var frames = await ada.TryShowAsync(manyFrames);
        await ProblemAssert.IsAsync(frames, 422, "no-face");

        Assert.InRange(findMe.PeakMemoryOfPage(), 1, 1000);
        await findMe.StillAnswersAsync();
    }

    [Theory]
    [InlineData("Origin", "https://evil.example")]
    [InlineData("Origin", "null")]
    [InlineData("Origin", "http://localhost")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Sec-Fetch-Site", "same-site")]
    public async Task Another_site_cannot_act_for_a_person(string header, string value)
    {
        using var ada = findMe.NewVisitor();
        await ada.AgreeAsync();
        foreach (var (method, path) in new[] { (HttpMethod.Delete, "/api/me"), (HttpMethod.Post, "/api/searches"), (HttpMethod.Post, "/api/references") })
        {
            using var request = new HttpRequestMessage(method, path);
            request.Headers.TryAddWithoutValidation(header, value);
            using var answer = await ada.Http.SendAsync(request, TestContext.Current.CancellationToken);
            await ProblemAssert.IsAsync(answer, 403, "foreign-origin");
        }

        Assert.True((await ada.GetAsync("/api/consent"))["accepted"]!.GetValue<bool>());
        await findMe.StillAnswersAsync();
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_refused_whether_it_says_its_length_or_not()
    {
        using var ada = findMe.NewVisitor();
        await ada.AgreeAsync();
        const string Json = "POST /api/consent HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
        var photo = $"POST /api/references HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\nCookie: findme={ada.Cookie}\r\n";
        const string Part = "--x\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"me.jpg\"\r\n\r\n";

        using (var connection = findMe.Connect())
        {
            (await connection.AskAsync(Json + "Content-Length: 1000000000\r\n\r\n{")).AssertProblem(413, "too-large");
        }

        using (var connection = findMe.Connect())
        {
            connection.TrySend(Json + "Transfer-Encoding: chunked\r\n\r\n");
            connection.TrySend("100000\r\n" + new string(' ', 1 << 20) + "\r\n");
            (await connection.ReadAsync()).AssertProblem(413, "too-large");
        }

        using (var connection = findMe.Connect())
        {
            (await connection.AskAsync(photo + "Connection: close\r\nContent-Length: 1000000000\r\n\r\n--x")).AssertProblem(413, "too-large");
        }

        using (var connection = findMe.Connect())
        {
            connection.TrySend(photo + "Transfer-Encoding: chunked\r\n\r\n");
            connection.TrySend($"{Part.Length:x}\r\n{Part}\r\n");
            var answer = connection.ReadAsync();
            var sent = 0;
            while (sent < 200 && !answer.IsCompleted && connection.TrySend(Chunk))
            {
                sent++;
            }

            (await answer).AssertProblem(413, "too-large");
            Assert.InRange(sent, 1, 199);
        }

        Assert.Empty((await ada.GetAsync("/api/references")).AsArray());
        await findMe.StillAnswersAsync();
    }

    [Fact]
    public async Task Connections_that_dribble_their_headers_or_their_body_are_closed_while_others_are_served()
    {
        var pause = TimeSpan.FromMilliseconds(250);
        var connections = Enumerable.Range(0, 60).Select(_ => findMe.Connect()).ToList();
        var dribbles = connections.Select((connection, number) =>
        {
            connection.TrySend(number % 2 == 0
                ? "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
                : "POST /api/consent HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n");
            return connection.DribbleAsync("1", pause);
        }).ToList();

        await findMe.StillAnswersAsync();
        Assert.All(await Task.WhenAll(dribbles), held => Assert.True(held < Bounded, $"A slow connection was open for {held.TotalSeconds:0.0} s."));
        connections.ForEach(connection => connection.Dispose());
        await findMe.StillAnswersAsync();
    }

    [Fact]
    public async Task Daprs_routes_are_not_to_be_had_from_outside()
    {
        using var ada = findMe.NewVisitor();
        foreach (var path in new[] { "/dapr/subscribe", "/dapr/config", "/%64apr/subscribe", "/dapr//subscribe", "/v1.0/state/statestore/x" })
        {
            Assert.Equal(HttpStatusCode.NotFound, await ada.StatusOfAsync(HttpMethod.Get, path));
        }

        foreach (var path in new[] { "/search_request", "/tweet_image", "/search_request_dead", "/tweet_image_dead", "/v1.0/publish/pubsub/tweet_image" })
        {
            using var answer = await ada.Http.PostAsJsonAsync(path, new { id = "1", data = new { searchId = "x" } }, TestContext.Current.CancellationToken);
            Assert.True(answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed, $"{path}: {answer.StatusCode}");
        }

        await findMe.StillAnswersAsync();
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: evil.example\r\n")]
    [InlineData("GET /api/consent HTTP/1.1\r\nHost: localhost.evil.example\r\n")]
    [InlineData("GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: localhost@evil.example\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost:\r\n")]
    [InlineData("GET / HTTP/1.1\r\n")]
    public async Task A_host_that_is_not_FindMes_is_refused(string head)
    {
        using var connection = findMe.Connect();

        var answer = await connection.AskAsync(head + "Connection: close\r\n\r\n");

        Assert.True(answer.Status == 400, answer.Head);
        Assert.DoesNotContain("evil.example", answer.Head + answer.Body, StringComparison.Ordinal);
        await findMe.StillAnswersAsync();
    }
}
