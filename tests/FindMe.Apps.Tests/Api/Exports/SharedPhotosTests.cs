using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using FindMe.Api;
using FindMe.DemoNetworks;
using FindMe.Faces;
using FindMe.Pipeline;
using FindMe.Reports;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Metadata.Profiles.Exif;

namespace FindMe.Apps.Tests.Api;

public sealed class SharedPhotosTests(NetworkedFindMe findMe)
{
    private static readonly string[] Secret = ["0 secret name.jpg"];
    private static readonly string[] One = ["0 one.jpg"];
    private static readonly string[] Two = ["1 two.jpg"];
    private static readonly string[] Nobody = ["2 nobody.png"];

    // Somebody who has the link and nothing else: no cookie.
    private HttpClient Stranger => new(Visitor.Handler(from: null)) { BaseAddress = findMe.System.Page };

    [Fact]
    public async Task Whoever_has_the_link_sees_the_chosen_photos_without_their_place_and_nothing_else()
    {
        using var ada = await findMe.NewVisitorAsync();
        var (_, search) = await ada.SearchZipAsync(("secret name.jpg", PhotoWithPlace()), ("other.jpg", PhotoWithPlace()));
        using var titled = await ada.Http.PutAsJsonAsync(
            $"/api/searches/{search}/report",
            new { title = "Our <trip>", photos = Secret, captions = new Dictionary<string, string> { ["0 secret name.jpg"] = "my private words" } },
            TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, titled.StatusCode);
        var share = await ShareAsync(ada, search, new { photos = Secret, days = 1 });
        using var stranger = Stranger;

        using var answer = await stranger.GetAsync(Address(share), TestContext.Current.CancellationToken);
        var page = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        AssertKeptToReaders(answer);
        Assert.Contains("<h1 dir=\"auto\">Our &lt;trip&gt;</h1>", page, StringComparison.Ordinal);
        Assert.Contains("<meta property=\"og:title\" content=\"Our &lt;trip&gt;\">", page, StringComparison.Ordinal);
        Assert.Contains($"<meta property=\"og:image\" content=\"{Url(share)}/1\">", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        Assert.All(["secret name", "private words", search, "other.jpg"], words => Assert.DoesNotContain(words, page, StringComparison.Ordinal));

        using var photo = await stranger.GetAsync(Address(share, "/1"), TestContext.Current.CancellationToken);
        Assert.Equal("image/jpeg", photo.Content.Headers.ContentType!.MediaType);
        AssertKeptToReaders(photo);
        using var shown = Image.Load(await photo.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        Assert.Null(shown.Metadata.ExifProfile);
        Assert.Equal(share.ToJsonString(), Assert.Single((await ada.GetAsync($"/api/searches/{search}/shares")).AsArray())!.ToJsonString());
    }

    [Fact]
    public async Task Every_way_to_more_than_a_link_shows_ends_with_404()
    {
        using var ada = await findMe.NewVisitorAsync();
        using var eve = await findMe.NewVisitorAsync();
        var photo = PhotoWithPlace();
        var (_, search) = await ada.SearchZipAsync(("one.jpg", photo), ("two.jpg", photo), ("nobody.png", TemporaryFolder.BlankPng(64, 64)));
        var (_, others) = await ada.SearchZipAsync(("three.jpg", photo));
        var share = await ShareAsync(ada, search, new { photos = One });
        var token = Token(share);
        var hash = ShareToken.HashOf(token)!;
        using var stranger = Stranger;

        // Guessing and enumeration; what stands in the store in place of the token; other photos, by number, id and path; other methods and headers.
        string[] paths =
        [
            $"/s/{ShareToken.New()}", $"/s/{(token[0] == 'A' ? 'B' : 'A')}{token[1..]}", $"/s/{token[..^1]}", $"/s/{token}A", $"/s/{(char.IsAsciiLetterUpper(token[0]) ? char.ToLowerInvariant(token[0]) : char.ToUpperInvariant(token[0]))}{token[1..]}", $"/s/{hash}", $"/s/{search}", "/s/",
            $"/s/{token}/0", $"/s/{token}/2", $"/s/{token}/-1", $"/s/{token}/99999999999", $"/s/{token}/1-1", $"/s/{token}/two.jpg", $"/s/{token}/..%2f..%2fapi%2fme",
            $"/api/searches/{search}", $"/api/searches/{search}/photos/1-0", $"/api/searches/{search}/shares", $"/api/searches/{search}/report", $"/api/searches/{search}/export",
        ];
        foreach (var path in paths.Where(path => path != $"/s/{token}"))
        {
            Assert.Equal((path, HttpStatusCode.NotFound), (path, await StatusAsync(stranger, path)));
        }

        // Neither the size nor a part can be chosen, and no header leads elsewhere or has it kept.
        var plain = await stranger.GetByteArrayAsync(Address(share, "/1"), TestContext.Current.CancellationToken);
        Assert.Equal(plain, await stranger.GetByteArrayAsync(Address(share, "/1?width=99999&photos=2"), TestContext.Current.CancellationToken));
        using var odd = new HttpRequestMessage(HttpMethod.Get, Address(share, "/1")) { Headers = { { "X-Original-URL", $"/api/searches/{search}" }, { "Range", "bytes=0-9" }, { "If-None-Match", "*" } } };
        using var answered = await stranger.SendAsync(odd, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answered.StatusCode);
        AssertKeptToReaders(answered);
        Assert.Null(answered.Headers.ETag);

        // Only their person shares, sees and revokes them, and only under their own search.
        using (var foreign = await eve.Http.PostAsJsonAsync($"/api/searches/{search}/shares", new { }, TestContext.Current.CancellationToken))
        {
            await ProblemAssert.IsAsync(foreign, 404, "not-found");
        }

        using (var unfound = await ada.Http.PostAsJsonAsync($"/api/searches/{search}/shares", new { photos = Nobody }, TestContext.Current.CancellationToken))
        {
            await ProblemAssert.IsAsync(unfound, 404, "not-found");
        }

        using (var days = await ada.Http.PostAsJsonAsync($"/api/searches/{search}/shares", new { days = 365 }, TestContext.Current.CancellationToken))
        {
            await ProblemAssert.IsAsync(days, 400, "bad-days");
        }

        Assert.Equal(HttpStatusCode.NotFound, await eve.StatusOfAsync(HttpMethod.Get, $"/api/searches/{search}/shares"));
        Assert.Equal(HttpStatusCode.NotFound, await eve.StatusOfAsync(HttpMethod.Delete, $"/api/searches/{search}/shares/{token}"));
        Assert.Equal(HttpStatusCode.NotFound, await ada.StatusOfAsync(HttpMethod.Delete, $"/api/searches/{others}/shares/{token}"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(stranger, $"/s/{token}"));
    }

    [Fact]
    public async Task A_link_shows_nothing_once_it_has_ended_is_revoked_or_the_search_or_the_person_is_gone()
    {
        using var ada = await findMe.NewVisitorAsync();
        var photo = PhotoWithPlace();
        var (_, search) = await ada.SearchZipAsync(("one.jpg", photo), ("two.jpg", photo));
        var (_, last) = await ada.SearchZipAsync(("three.jpg", photo));
        using var stranger = Stranger;
        var (revoked, ended, judged, deleted, person) = (
            await ShareAsync(ada, search, new { }), await ShareAsync(ada, search, new { days = 30 }), await ShareAsync(ada, search, new { photos = Two }),
            await ShareAsync(ada, search, new { days = 1 }), await ShareAsync(ada, last, new { }));
        foreach (var share in new[] { revoked, ended, judged, deleted, person })
        {
            Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), await SeenAsync(stranger, share));
        }

        Assert.Equal(HttpStatusCode.NoContent, await ada.StatusOfAsync(HttpMethod.Delete, $"/api/searches/{search}/shares/{Token(revoked)}"));
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), await SeenAsync(stranger, revoked));
        Assert.Equal(HttpStatusCode.NotFound, await ada.StatusOfAsync(HttpMethod.Delete, $"/api/searches/{search}/shares/{Token(revoked)}"));
        Assert.Equal(3, (await ada.GetAsync($"/api/searches/{search}/shares")).AsArray().Count);

        // A day that is over is one that stands in the past.
        var key = StateKeys.Share(ShareToken.HashOf(Token(ended))!);
        var kept = (await findMe.Dapr.GetStateAsync<Share>(StateKeys.Store, key, TestContext.Current.CancellationToken))!;
        await findMe.Dapr.SaveStateAsync(StateKeys.Store, key, kept with { ExpiresAt = TimeProvider.System.GetUtcNow().AddSeconds(-1) }, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), await SeenAsync(stranger, ended));

        // Who says that it is not them shares it no longer.
        using var judgement = await ada.Http.PostAsJsonAsync(
            $"/api/searches/{search}/judgements", new { judgements = new[] { new { photo = "1 two.jpg", isMe = false } } }, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NoContent, judgement.StatusCode);
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), await SeenAsync(stranger, judged));

        using var back = await ada.Http.PostAsJsonAsync(
            $"/api/searches/{search}/judgements", new { judgements = new[] { new { photo = "1 two.jpg", isMe = (bool?)null } } }, TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), await SeenAsync(stranger, judged));
        Assert.Equal(HttpStatusCode.NoContent, await ada.StatusOfAsync(HttpMethod.Delete, $"/api/searches/{search}"));
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), await SeenAsync(stranger, deleted));
        Assert.Null(await findMe.Dapr.GetStateAsync<Share>(StateKeys.Store, StateKeys.Share(ShareToken.HashOf(Token(deleted))!), TestContext.Current.CancellationToken));
        Assert.Null(await findMe.Dapr.GetStateAsync<EncryptedDocument>(StateKeys.Store, StateKeys.Shares(search), TestContext.Current.CancellationToken));

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), await SeenAsync(stranger, person));
        Assert.Equal(HttpStatusCode.OK, await ada.StatusOfAsync(HttpMethod.Delete, "/api/me"));
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), await SeenAsync(stranger, person));
    }

    [Fact]
    public async Task Links_are_opened_so_often_from_one_address_and_others_do_not_notice()
    {
        using var ada = await findMe.NewVisitorAsync();
        var (_, search) = await ada.SearchZipAsync(("one.jpg", PhotoWithPlace()));
        var share = await ShareAsync(ada, search, new { });
        using var greedy = new HttpClient(Visitor.Handler(IPAddress.Parse("127.0.4.1"))) { BaseAddress = findMe.System.Page };

        // A burst of 600, and 30 a second after that.
        var last = HttpStatusCode.NotFound;
        for (var request = 0; request < 3_000 && last == HttpStatusCode.NotFound; request++)
        {
            last = await StatusAsync(greedy, "/s/none");
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, last);
        using var stranger = Stranger;
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), await SeenAsync(stranger, share));
        Assert.Equal(HttpStatusCode.OK, await ada.StatusOfAsync(HttpMethod.Get, $"/api/searches/{search}"));
    }

    [Fact]
    public async Task The_token_stands_in_the_store_as_a_hash_or_encrypted_only()
    {
        using var ada = await findMe.NewVisitorAsync();
        var (_, search) = await ada.SearchZipAsync(("one.jpg", PhotoWithPlace()));
        var token = Token(await ShareAsync(ada, search, new { }));

        foreach (var key in new[] { StateKeys.Share(ShareToken.HashOf(token)!), StateKeys.Shares(search), StateKeys.Search(search) })
        {
            var stored = await findMe.Dapr.GetStateAsync<JsonElement>(StateKeys.Store, key, TestContext.Current.CancellationToken);
            Assert.Equal(JsonValueKind.Object, stored.ValueKind);
            Assert.DoesNotContain(token, stored.GetRawText(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_search_has_so_many_links_at_most()
    {
        using var ada = await findMe.NewVisitorAsync();
        var (_, search) = await ada.SearchZipAsync(("one.jpg", PhotoWithPlace()));
        var first = await ShareAsync(ada, search, new { });
        for (var number = 1; number < 20; number++)
        {
            await ShareAsync(ada, search, new { });
        }

        using var refused = await ada.Http.PostAsJsonAsync($"/api/searches/{search}/shares", new { }, TestContext.Current.CancellationToken);
        await ProblemAssert.IsAsync(refused, 409, "too-many-shares");
        Assert.Equal(HttpStatusCode.NoContent, await ada.StatusOfAsync(HttpMethod.Delete, $"/api/searches/{search}/shares/{Token(first)}"));
        await ShareAsync(ada, search, new { });
    }

    [Fact]
    public async Task Of_X_a_link_shows_links_and_of_other_networks_pictures_without_the_words_that_the_person_was_shown()
    {
        using var ada = await findMe.NewVisitorAsync();
        findMe.X.Publish(new ScenarioPost { Text = "#shared", MinutesAgo = 1, Media = [new() { Picture = "demo/0", Alt = "On stage" }] });
        findMe.Bench.Mastodon.Publish(new ScenarioPost { Text = "#shared", MinutesAgo = 1, Media = [new() { Picture = "demo/0", Alt = "On stage" }] });
        using var stranger = Stranger;

        foreach (var (source, status) in new[] { ("x", HttpStatusCode.NotFound), ("mastodon", HttpStatusCode.OK) })
        {
            var search = await ada.SearchAsync(NetworkedFindMe.Wish(source, "#shared"));
            var link = (await ada.UntilEndedAsync(search))["matches"]![0]!["post"]!["url"]!.GetValue<string>();
            var share = await ShareAsync(ada, search, new { });

            var page = await stranger.GetStringAsync(Address(share), TestContext.Current.CancellationToken);

            Assert.Contains($">{link}</a>", page, StringComparison.Ordinal);
            Assert.DoesNotContain("On stage", page, StringComparison.Ordinal);
            Assert.Equal(source == "x", page.Contains(ReportText.LinkOnly, StringComparison.Ordinal));
            Assert.Equal(source != "x", page.Contains("og:image", StringComparison.Ordinal));
            Assert.Equal(status, await StatusAsync(stranger, $"/s/{Token(share)}/1"));
        }
    }

    private static byte[] PhotoWithPlace()
    {
        using var image = Image.Load(PhotoRendering.ToJpeg(File.ReadAllBytes(Checkouts.DemoPhotos[0]), 800));
        image.Metadata.ExifProfile = new ExifProfile();
        image.Metadata.ExifProfile.SetValue(ExifTag.GPSLatitude, [new Rational(47), new Rational(36), new Rational(0)]);
        using var jpeg = new MemoryStream();
        image.SaveAsJpeg(jpeg);
        return jpeg.ToArray();
    }

    private static void AssertKeptToReaders(HttpResponseMessage answer)
    {
        Assert.True(answer.Headers.CacheControl!.NoStore);
        Assert.Equal("noindex, nofollow, noarchive", Assert.Single(answer.Headers.GetValues("X-Robots-Tag")));
        Assert.Equal("no-referrer", Assert.Single(answer.Headers.GetValues("Referrer-Policy")));
        Assert.False(answer.Headers.Contains("Set-Cookie"));
    }

    private static string Token(JsonNode share) => share["token"]!.GetValue<string>();

    private static string Url(JsonNode share) => share["url"]!.GetValue<string>();

    private static Uri Address(JsonNode share, string more = "") => new($"/s/{Token(share)}{more}", UriKind.Relative);

    private static async Task<HttpStatusCode> StatusAsync(HttpClient http, string path)
    {
        using var answer = await http.GetAsync(new Uri(path, UriKind.Relative));
        return answer.StatusCode;
    }

    private static async Task<(HttpStatusCode Page, HttpStatusCode Photo)> SeenAsync(HttpClient http, JsonNode share) =>
        (await StatusAsync(http, $"/s/{Token(share)}"), await StatusAsync(http, $"/s/{Token(share)}/1"));

    private static async Task<JsonNode> ShareAsync(Visitor visitor, string search, object wish)
    {
        using var answer = await visitor.Http.PostAsJsonAsync($"/api/searches/{search}/shares", wish);
        var body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.Created, $"{(int)answer.StatusCode} {body}");
        var share = JsonNode.Parse(body)!;
        Assert.EndsWith($"/s/{Token(share)}", Url(share), StringComparison.Ordinal);
        return share;
    }
}
