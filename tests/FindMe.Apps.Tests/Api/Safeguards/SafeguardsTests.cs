using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using FindMe.Faces;

namespace FindMe.Apps.Tests.Api;

public sealed class SafeguardsTests(SignedInSystem findMe) : IClassFixture<SignedInSystem>
{
    // What a person's own endpoints without a name in their address do is done to the caller alone.
    private static readonly string[] OfTheCallerAlone =
    [
        "GET /api/consent", "POST /api/consent", "GET /api/me", "DELETE /api/me", "GET /api/sources", "POST /api/uploads", "GET /api/references", "POST /api/references",
        "POST /api/references/from-avatar", "POST /api/accounts/bluesky", "POST /api/accounts", "GET /api/searches", "POST /api/searches", "POST /api/searches/estimate",
        "POST /api/sign-in/{network}", "POST /api/sign-in", "DELETE /api/sign-in", "POST /api/me/browser-code", "POST /api/me/browsers", "DELETE /api/me/browsers",
        "POST /api/references/sample",

        // Their token opens them for anybody; SharedPhotosTests tries to get in without it.
        "GET /s/{token}", "GET /s/{token}/{number}",
    ];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nothing_of_one_person_is_there_for_another_whatever_endpoint_they_try()
    {
        using var ada = findMe.NewVisitor();
        await ada.SignInAsync("mastodon", findMe.Networks.Mastodon.Host, "ben");
        var reference = (await ada.ShowDemoFaceAsync())["id"]!.GetValue<string>();
        var search = await ada.SearchAsync("demo");
        var view = await ada.UntilEndedAsync(search);
        var upload = await UploadAsync(ada);
        var photo = view["matches"]![0]!["photo"]!["url"]!.GetValue<string>();
        using var eve = findMe.NewVisitor();
        await eve.SignInAsync("x");
        var tried = new List<string>();

        foreach (var (method, template) in await OperationsAsync())
        {
            var operation = $"{method} {template}";
            if (OfTheCallerAlone.Contains(operation))
            {
                if (method == "GET" && template.StartsWith("/api/", StringComparison.Ordinal))
                {
                    var answer = (await eve.GetAsync(template)).ToJsonString();
                    Assert.All([reference, search, upload, "ben@"], id => Assert.DoesNotContain(id, answer, StringComparison.Ordinal));
                }

                continue;
            }

            var path = template switch
            {
                "/api/searches/{id}/photos/{listing}-{index}" => photo,
                "/api/searches/{id}/photos/{listing}-{index}/original" => $"{photo}/original",
                _ when template.StartsWith("/api/searches/{id}", StringComparison.Ordinal) => template.Replace("{id}", search, StringComparison.Ordinal),
                "/api/references/from-photo" => template,
                "/api/references/{id}" => $"/api/references/{reference}",
                "/api/uploads/{id}" => $"/api/uploads/{upload}",
                _ when template.StartsWith("/api/accounts/{network}", StringComparison.Ordinal) => template.Replace("{network}", "mastodon", StringComparison.Ordinal),
                _ => throw new InvalidOperationException($"{operation} is new: say here how one person would try another's."),
            };
            using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = method is "POST" or "PUT" ? JsonContent.Create(new { search, photo = "photo000.jpg" }) : null };
            using var stolen = await eve.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
            Assert.True(stolen.StatusCode == HttpStatusCode.NotFound, $"{operation} answered {(int)stolen.StatusCode}");
            tried.Add(operation);
        }

        // The addresses that were tried are real ones: their owner has all of it still.
        Assert.InRange(tried.Count, 8, 100);
        foreach (var own in tried.Where(operation => operation.StartsWith("GET ", StringComparison.Ordinal)).Select(operation => operation[4..]))
        {
            var path = own.EndsWith("/original", StringComparison.Ordinal) ? $"{photo}/original"
                : own.Contains("/photos/", StringComparison.Ordinal) ? photo
                : own.Replace("{id}", search, StringComparison.Ordinal).Replace("{network}", "mastodon", StringComparison.Ordinal);
            using var mine = await ada.Http.GetAsync(new Uri(path, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, Cancellation);
            Assert.True(mine.IsSuccessStatusCode, $"GET {path}: {(int)mine.StatusCode}");
        }

        Assert.Single((await ada.GetAsync("/api/references")).AsArray());
        Assert.Equal(HttpStatusCode.NoContent, await ada.StatusOfAsync(HttpMethod.Delete, $"/api/uploads/{upload}"));
        await ada.StatusOfAsync(HttpMethod.Delete, "/api/me");
        await eve.StatusOfAsync(HttpMethod.Delete, "/api/me");
    }

    [Fact]
    public async Task Who_searches_too_often_in_a_day_is_told_when_to_come_back()
    {
        using var ada = findMe.NewVisitor();
        await ada.ShowDemoFaceAsync();
        for (var i = 0; i < SignedInSystem.SearchesPerDay; i++)
        {
            await ada.SearchAsync("demo");
        }

        using var more = await ada.Http.PostAsJsonAsync("/api/searches", new { source = "album", query = "demo" }, Cancellation);

        await ProblemAssert.IsAsync(more, 429, "too-many-searches");
        Assert.InRange(more.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
        using var ben = findMe.NewVisitor();
        await ben.ShowDemoFaceAsync();
        await ben.SearchAsync("demo");
    }

    [Fact]
    public async Task An_album_is_there_only_for_those_whom_it_is_shared_with()
    {
        using var ada = findMe.NewVisitor();
        await ada.ShowDemoFaceAsync();
        Assert.Equal(["demo"], await AlbumsAsync(ada));
        using (var refused = await ada.Http.PostAsJsonAsync("/api/searches", new { source = "album", query = SignedInSystem.Private }, Cancellation))
        {
            await ProblemAssert.IsAsync(refused, 422, "unknown-album");
        }

        await ada.SignInAsync("x", account: "ann");

        Assert.Equal(["demo", SignedInSystem.Private], await AlbumsAsync(ada));
        await ada.SearchAsync(SignedInSystem.Private);
        await ada.StatusOfAsync(HttpMethod.Delete, "/api/me");
    }

    [Fact]
    public async Task What_somebody_posts_who_has_opted_out_is_not_searched()
    {
        using var ada = findMe.NewVisitor();
        await ada.ShowDemoFaceAsync();

        using var begun = await ada.Http.PostAsJsonAsync("/api/searches", new { source = "mastodon", query = "#quiet" }, Cancellation);
        var view = await ada.UntilEndedAsync((await begun.Content.ReadFromJsonAsync<JsonNode>(Cancellation))!["id"]!.GetValue<string>());

        Assert.Equal(1, Visitor.Count(view, "found"));
        Assert.Equal(1, Visitor.Count(view, "compared"));
    }

    [Fact]
    public async Task A_search_that_cannot_be_logged_does_not_begin()
    {
        using var ada = findMe.NewVisitor();
        await ada.ShowDemoFaceAsync();
        var finished = await ada.SearchAsync("demo");
        await ada.UntilEndedAsync(finished);
        // A folder in the place of the day's file: nobody can write there, whatever their rights.
        var file = Directory.GetFiles(Path.Combine(findMe.Data, "audit"), "*.jsonl").Single();
        var aside = file + ".aside";
        File.Move(file, aside);
        Directory.CreateDirectory(file);
        try
        {
            using var begun = await ada.Http.PostAsJsonAsync("/api/searches", new { source = "album", query = "demo" }, Cancellation);
            await ProblemAssert.IsAsync(begun, 503, "not-logged");
            using var continued = await ada.Http.PostAsJsonAsync($"/api/searches/{finished}/continue", new { }, Cancellation);
            await ProblemAssert.IsAsync(continued, 503, "not-logged");

            Assert.Equal(finished, Assert.Single((await ada.GetAsync("/api/searches")).AsArray())!["id"]!.GetValue<string>());
            Assert.Equal("finished", Visitor.Status(await ada.GetAsync($"/api/searches/{finished}")));
        }
        finally
        {
            Directory.Delete(file);
            File.Move(aside, file);
        }
    }

    [Fact]
    public async Task Every_search_is_in_the_audit_log_with_its_counts_and_without_an_id_that_opens_anything()
    {
        using var ada = findMe.NewVisitor();
        var reference = (await ada.ShowDemoFaceAsync())["id"]!.GetValue<string>();
        var search = await ada.SearchAsync("demo");
        await ada.UntilEndedAsync(search);

        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(15));
        JsonNode? end = null, begin = null;
        while (end is null && !deadline.IsCancellationRequested)
        {
            await Task.Delay(100, Cancellation);
            begin = findMe.Audit().LastOrDefault(line => line["what"]!.GetValue<string>() == "search-begun");
            end = findMe.Audit().FirstOrDefault(line => line["what"]!.GetValue<string>() == "search-ended" && line["search"]!.GetValue<string>() == begin!["search"]!.GetValue<string>());
        }

        Assert.NotNull(end);
        Assert.Equal("album", begin!["source"]!.GetValue<string>());
        Assert.Equal("demo", begin["query"]!.GetValue<string>());
        Assert.Equal(begin["person"]!.GetValue<string>(), end["person"]!.GetValue<string>());
        Assert.Equal(2, end["photos"]!.GetValue<int>());
        Assert.InRange(end["found"]!.GetValue<int>(), 1, 2);
        var log = string.Join('\n', findMe.Audit().Select(line => line.ToJsonString()));
        Assert.All([search, reference], id => Assert.DoesNotContain(id, log, StringComparison.Ordinal));
        Assert.Equal("abuse@findme.example", (await ada.GetAsync("/api/me"))["reportAbuse"]!.GetValue<string>());
    }

    [Fact]
    public async Task No_token_password_code_cookie_or_embedding_stands_in_anything_that_a_full_run_writes()
    {
        using var ada = findMe.NewVisitor();
        await ada.SignInAsync("x", account: "ben");
        await ada.SignInAsync("mastodon", findMe.Networks.Mastodon.Host, "ben");
        using (var bluesky = await ada.Http.PostAsJsonAsync("/api/accounts/bluesky", new { handle = "ben.test", appPassword = "benx-abcd-efgh-2345" }, Cancellation))
        {
            Assert.Equal(HttpStatusCode.OK, bluesky.StatusCode);
        }

        await ada.ShowDemoFaceAsync();
        findMe.Networks.X.Grants.ExpireAccessTokens();
        findMe.Networks.Bluesky.Grants.ExpireAccessTokens();
        foreach (var wish in new object[] { new { source = "mastodon", query = "#dotnetconf" }, new { source = "bluesky", query = "#dotnetconf" }, new { source = "x", query = "#dotnetconf", maxCost = 1 } })
        {
            using var begun = await ada.Http.PostAsJsonAsync("/api/searches", wish, Cancellation);
            Assert.True(begun.IsSuccessStatusCode, await begun.Content.ReadAsStringAsync(Cancellation));
            await ada.UntilEndedAsync((await begun.Content.ReadFromJsonAsync<JsonNode>(Cancellation))!["id"]!.GetValue<string>());
        }

        using (var wrong = await ada.Http.PostAsJsonAsync("/api/accounts/bluesky", new { handle = "ann.test", appPassword = "wron-gpas-swor-d222" }, Cancellation))
        {
            await ProblemAssert.IsAsync(wrong, 422, "sign-in-failed");
        }

        var secrets = findMe.Networks.Secrets.Append("wron-gpas-swor-d222").Append(ada.Cookie).ToHashSet();
        await ada.StatusOfAsync(HttpMethod.Delete, "/api/me");
        secrets.UnionWith(findMe.Networks.Secrets);

        Assert.InRange(secrets.Count, 10, 1000);
        var written = findMe.Written().ToList();
        foreach (var (secret, form) in secrets.SelectMany(secret => FormsOf(secret).Select(form => (secret, form))))
        {
            Assert.All(written, file => Assert.False(file.Bytes.AsSpan().IndexOf(form) >= 0, $"{secret[..6]}… stands in {file.File}"));
        }

        var embedding = DemoFace();
        foreach (var form in FormsOf(embedding.ToBytes()[..EmbeddingBytes]).Concat(embedding.Values[..8].ToArray().Select(value => Encoding.ASCII.GetBytes($"{value}"))))
        {
            Assert.All(written, file => Assert.False(file.Bytes.AsSpan().IndexOf(form) >= 0, $"An embedding stands in {file.File}"));
        }
    }

    // As many bytes as tell an embedding from chance.
    private const int EmbeddingBytes = 32;

    private static FaceEmbedding DemoFace()
    {
        using var engine = FaceEngine.Load(new FaceEngineOptions());
        return engine.AnalyzeReference(File.ReadAllBytes(Checkouts.DemoPhotos[0]), face: 0).Embedding!;
    }

    // Plain, in hexadecimal digits, and in base64 wherever it may begin in what was encoded.
    private static IEnumerable<byte[]> FormsOf(string secret) =>
        FormsOf(Encoding.UTF8.GetBytes(secret)).Append(Encoding.ASCII.GetBytes(Uri.EscapeDataString(secret)));

    private static IEnumerable<byte[]> FormsOf(byte[] bytes)
    {
        yield return bytes;
        yield return Encoding.ASCII.GetBytes(Convert.ToHexString(bytes));
        yield return Encoding.ASCII.GetBytes(Convert.ToHexStringLower(bytes));
        for (var shift = 0; shift < 3; shift++)
        {
            // The first and last characters depend on what stands beside it.
            var encoded = Convert.ToBase64String([.. new byte[shift], .. bytes]);
            yield return Encoding.ASCII.GetBytes(encoded[4..^4]);
        }
    }

    private async Task<IReadOnlyList<(string Method, string Path)>> OperationsAsync()
    {
        using var visitor = findMe.NewVisitor();
        var document = await visitor.GetAsync("/openapi/v1.json");
        return [.. document["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject().Select(operation => (operation.Key.ToUpperInvariant(), path.Key)))];
    }

    private static async Task<string[]> AlbumsAsync(Visitor visitor) =>
        [.. (await visitor.GetAsync("/api/sources")).AsArray().Single(source => source!["name"]!.GetValue<string>() == "album")!["query"]!["choices"]!.AsArray().Select(choice => choice!["value"]!.GetValue<string>())];

    private static async Task<string> UploadAsync(Visitor visitor)
    {
        using var zip = new MemoryStream();
        using (var archive = new ZipArchive(zip, ZipArchiveMode.Create, leaveOpen: true))
        {
            archive.CreateEntryFromFile(Checkouts.DemoPhotos[1], "photo.jpg");
        }

        using var content = new ByteArrayContent(zip.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/zip");
        using var answer = await visitor.Http.PostAsync(new Uri("/api/uploads", UriKind.Relative), content, Cancellation);
        var body = await answer.Content.ReadAsStringAsync(Cancellation);
        Assert.True(answer.IsSuccessStatusCode, body);
        return JsonNode.Parse(body)!["id"]!.GetValue<string>();
    }
}
