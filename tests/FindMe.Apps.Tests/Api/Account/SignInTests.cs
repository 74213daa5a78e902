using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using FindMe.DemoNetworks;
using Microsoft.AspNetCore.WebUtilities;

namespace FindMe.Apps.Tests.Api;

public sealed class SignInTests(SignedInSystem findMe) : IClassFixture<SignedInSystem>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_person_signs_in_with_every_network_and_each_gets_its_access_back()
    {
        using var ada = findMe.NewVisitor();
        await ada.SignInAsync("x", account: "ben");
        await ada.SignInAsync("mastodon", findMe.Networks.Mastodon.Host, "ben");
        using var bluesky = await ada.Http.PostAsJsonAsync("/api/accounts/bluesky", new { handle = "@Ben.test", appPassword = "benx-abcd-efgh-2345" }, Cancellation);
        Assert.Equal(HttpStatusCode.OK, bluesky.StatusCode);

        var accounts = await ada.AccountsAsync();
        Assert.Equal("ben", accounts["x"]);
        Assert.Equal($"ben@{findMe.Networks.Mastodon.Host}", accounts["mastodon"]);
        Assert.Equal("ben.test", accounts["bluesky"]);
        using var avatar = await ada.Http.GetAsync(new Uri("/api/accounts/mastodon/avatar", UriKind.Relative), Cancellation);
        Assert.Equal("image/jpeg", avatar.Content.Headers.ContentType?.MediaType);

        foreach (var (network, grants) in new[] { ("x", findMe.Networks.X.Grants), ("mastodon", findMe.Networks.Mastodon.Grants), ("bluesky", findMe.Networks.Bluesky.Grants) })
        {
            var before = grants.InForce;
            using var signedOut = await ada.Http.DeleteAsync(new Uri($"/api/accounts/{network}", UriKind.Relative), Cancellation);
            Assert.True((await signedOut.Content.ReadFromJsonAsync<JsonNode>(Cancellation))!["revoked"]!.GetValue<bool>(), network);
            Assert.Equal(before - 1, grants.InForce);
        }

        Assert.Empty(await ada.AccountsAsync());
    }

    [Fact]
    public async Task Whoever_refuses_on_the_networks_page_is_not_signed_in()
    {
        using var ada = findMe.NewVisitor();
        await ada.AgreeAsync();

        Assert.Equal("/?sign-in=refused", await ada.AllowAsync(await ada.OpenConsentAsync("x"), decision: "refuse"));
        Assert.Empty(await ada.AccountsAsync());
    }

    [Fact]
    public async Task An_answer_to_somebody_elses_sign_in_is_refused()
    {
        using var eve = findMe.NewVisitor();
        using var ada = findMe.NewVisitor();
        await eve.AgreeAsync();
        await ada.AgreeAsync();
        await ada.OpenConsentAsync("x");
        // Eve allows on her own page, and has Ada open the address that it leads to.
        var consent = await eve.OpenConsentAsync("x");
        var mine = QueryHelpers.ParseQuery(consent.Query);
        using var still = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false });
        using var form = new FormUrlEncodedContent([new("account", "ben"), new("decision", "allow")]);
        using var answer = await still.PostAsync(consent, form, Cancellation);

        using var landed = await ada.Http.GetAsync(answer.Headers.Location!, Cancellation);

        Assert.StartsWith(mine["redirect_uri"].ToString(), answer.Headers.Location!.AbsoluteUri, StringComparison.Ordinal);
        Assert.Equal("/?sign-in=mismatch", landed.RequestMessage!.RequestUri!.PathAndQuery);
        Assert.Empty(await ada.AccountsAsync());
    }

    [Fact]
    public async Task An_answer_of_another_instance_than_the_one_that_was_asked_is_refused()
    {
        using var ada = findMe.NewVisitor();
        await ada.AgreeAsync();
        var (asked, other) = (findMe.Networks.MastodonInstances[0], findMe.Networks.MastodonInstances[1]);
        var state = await StateAsync();

        Assert.Equal("/?sign-in=mismatch", await LandAsync($"/sign-in/mastodon/callback/{other.Host}?code=x&state={state}"));
        state = await StateAsync();
        Assert.Equal("/?sign-in=mismatch", await LandAsync($"/sign-in/mastodon/callback/{asked.Host}?code=x&state={state}&iss={Uri.EscapeDataString(other.Address.AbsoluteUri)}"));
        state = await StateAsync();
        Assert.Equal("/?sign-in=mismatch", await LandAsync($"/sign-in/x/callback?code=x&state={state}"));

        async Task<string> StateAsync() => QueryHelpers.ParseQuery((await ada.OpenConsentAsync("mastodon", asked.Host)).Query)["state"].ToString();

        async Task<string> LandAsync(string path)
        {
            using var answer = await ada.Http.GetAsync(new Uri(path, UriKind.Relative), Cancellation);
            return answer.RequestMessage!.RequestUri!.PathAndQuery;
        }
    }

    [Fact]
    public async Task A_cookie_that_somebody_planted_shows_nothing_once_its_victim_has_signed_in()
    {
        using var eve = findMe.NewVisitor();
        await eve.AgreeAsync();
        using var ada = new Visitor(findMe.System.Page, eve.Cookies);

        await ada.SignInAsync("mastodon", findMe.Networks.MastodonInstances[1].Host);

        Assert.Empty(await eve.AccountsAsync());
        Assert.Equal(HttpStatusCode.NotFound, await eve.StatusOfAsync(HttpMethod.Get, "/api/accounts/mastodon/avatar"));
        Assert.Single(await ada.AccountsAsync());
        await ada.StatusOfAsync(HttpMethod.Delete, "/api/me");
    }

    [Fact]
    public async Task No_parameter_leads_anywhere_but_to_the_networks_page_and_back()
    {
        using var ada = findMe.NewVisitor();
        await ada.AgreeAsync();
        using var still = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false }) { BaseAddress = findMe.System.Page };
        still.DefaultRequestHeaders.Add("Cookie", $"findme={ada.Cookie}");

        foreach (var parameter in new[] { "returnTo", "return", "redirect_uri", "next", "ReturnUrl" })
        {
            using var start = await still.PostAsJsonAsync($"/api/sign-in/x?{parameter}=https://evil.example/", new Dictionary<string, string> { [parameter] = "https://evil.example/" }, Cancellation);
            var address = new Uri((await start.Content.ReadFromJsonAsync<JsonNode>(Cancellation))!["address"]!.GetValue<string>());
            Assert.Equal(findMe.Networks.X.Address.Authority, address.Authority);
            Assert.DoesNotContain("evil", address.AbsoluteUri, StringComparison.Ordinal);
            using var back = await still.GetAsync(new Uri($"/sign-in/x/callback?{parameter}=https://evil.example/", UriKind.Relative), Cancellation);
            Assert.Equal("/?sign-in=mismatch", back.Headers.Location!.OriginalString);
        }
    }

    [Fact]
    public async Task FindMe_registers_once_on_an_instance_whatever_Host_a_caller_writes()
    {
        var instance = findMe.Networks.MastodonInstances[1];
        var before = instance.Calls.Of("apps").Count;
        using var ada = findMe.NewVisitor();
        await ada.AgreeAsync();
        var port = findMe.System.Page.Port;
        foreach (var host in new[] { $"localhost:{port}", "localhost:1", "localhost:65535", "localhost", $"LOCALHOST:{port}", $"127.0.0.1:{port}", "127.0.0.1:2", $"[::1]:{port}" })
        {
            ada.Http.DefaultRequestHeaders.Host = host;
            await ada.OpenConsentAsync("mastodon", instance.Host);
        }

        Assert.InRange(instance.Calls.Of("apps").Count - before, 0, 1);

        // Whoever came by another of FindMe's own addresses is sent back to that one, where their cookie is.
        using var eve = new Visitor(new Uri($"http://127.0.0.1:{port}"));
        await eve.AgreeAsync();
        var redirect = QueryHelpers.ParseQuery((await eve.OpenConsentAsync("mastodon", instance.Host)).Query)["redirect_uri"].ToString();
        Assert.StartsWith($"http://127.0.0.1:{port}/", redirect, StringComparison.Ordinal);
        Assert.InRange(instance.Calls.Of("apps").Count - before, 0, 1);
    }

    [Fact]
    public async Task Signing_in_counts_as_a_change()
    {
        using var ada = findMe.NewVisitor();
        await ada.AgreeAsync();

        // More often than a person may change something in a minute, forth and back.
        var statuses = new List<HttpStatusCode>();
        for (var attempt = 0; attempt < 70; attempt++)
        {
            using var answer = attempt % 2 == 0
                ? await ada.StartSignInAsync("x")
                : await ada.Http.GetAsync(new Uri("/sign-in/x/callback?code=1", UriKind.Relative), Cancellation);
            statuses.Add(answer.StatusCode);
        }

        Assert.Contains(HttpStatusCode.TooManyRequests, statuses);
        Assert.NotEqual(HttpStatusCode.TooManyRequests, statuses[0]);
    }

    [Fact]
    public async Task An_instance_inside_this_network_is_not_asked()
    {
        using var ada = findMe.NewVisitor();
        await ada.AgreeAsync();

        foreach (var instance in new[] { findMe.Networks.PrivateAddress.Authority, "169.254.169.254", "localhost", "[::1]", "evil.example/path", "a b", "xn--ä.example", "" })
        {
            using var answer = await ada.StartSignInAsync("mastodon", instance);
            await ProblemAssert.IsAsync(answer, 422, "unknown-instance");
        }

        Assert.Equal(0, findMe.Networks.PrivateHits);
    }

    [Fact]
    public async Task A_password_that_is_no_app_password_goes_nowhere()
    {
        using var ada = findMe.NewVisitor();
        await ada.AgreeAsync();
        var before = findMe.Networks.Bluesky.Calls.All.Count;

        using var answer = await ada.Http.PostAsJsonAsync("/api/accounts/bluesky", new { handle = "ann.test", appPassword = "my own password" }, Cancellation);

        await ProblemAssert.IsAsync(answer, 422, "no-app-password");
        Assert.Equal(before, findMe.Networks.Bluesky.Calls.All.Count);
    }

    [Fact]
    public async Task The_accounts_picture_becomes_a_reference_when_the_person_says_so_and_an_unlike_face_is_questioned()
    {
        using var ada = findMe.NewVisitor();
        await ada.SignInAsync("mastodon", findMe.Networks.Mastodon.Host);
        Assert.Empty((await ada.GetAsync("/api/references")).AsArray());

        using var taken = await ada.Http.PostAsJsonAsync("/api/references/from-avatar", new { network = "mastodon" }, Cancellation);
        Assert.Equal(HttpStatusCode.Created, taken.StatusCode);

        // Ann is the rightmost of three on the first demo photo.
        var photo = await File.ReadAllBytesAsync(Checkouts.DemoPhotos[0], Cancellation);
        using (var own = await ada.TryShowAsync(photo, face: 2))
        {
            Assert.Equal(HttpStatusCode.Created, own.StatusCode);
            Assert.DoesNotContain("does not look like", await own.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        }

        using var replaced = await ada.TryShowAsync(photo, face: 0, replace: true);
        Assert.Equal(HttpStatusCode.Created, replaced.StatusCode);
        Assert.Contains("does not look like", await replaced.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    // The way in which a page of elsewhere once linked an account of its own to whoever visited it: one navigation, with the visitor's cookie.
    [Fact]
    public async Task A_navigation_from_another_site_begins_no_sign_in_and_links_nothing()
    {
        using var ada = findMe.NewVisitor();
        await ada.ShowDemoFaceAsync();

        foreach (var path in new[] { $"/sign-in/mastodon?instance={findMe.Networks.MastodonInstances[1].Host}", "/sign-in/x", "/api/sign-in/x" })
        {
            using var navigation = new HttpRequestMessage(HttpMethod.Get, path);
            navigation.Headers.Add("Sec-Fetch-Site", "cross-site");
            navigation.Headers.Add("Sec-Fetch-Mode", "navigate");
            using var answer = await ada.Http.SendAsync(navigation, Cancellation);
            Assert.Contains(answer.StatusCode, new[] { HttpStatusCode.NotFound, HttpStatusCode.MethodNotAllowed });
            Assert.Equal(findMe.System.Page.Authority, answer.RequestMessage!.RequestUri!.Authority);
        }

        using var foreign = new HttpRequestMessage(HttpMethod.Post, "/api/sign-in/x") { Content = JsonContent.Create(new { }) };
        foreign.Headers.Add("Origin", "https://evil.example");
        using var refused = await ada.Http.SendAsync(foreign, Cancellation);
        await ProblemAssert.IsAsync(refused, 403, "foreign-origin");
        Assert.Empty(await ada.AccountsAsync());
    }

    [Fact]
    public async Task An_account_is_linked_by_its_persons_own_yes_and_not_by_coming_back_from_the_network()
    {
        using var ada = findMe.NewVisitor();
        await ada.ShowDemoFaceAsync();
        Assert.Equal("/?sign-in=confirm", await ada.AllowAsync(await ada.OpenConsentAsync("mastodon", findMe.Networks.MastodonInstances[1].Host), "ben"));
        Assert.Empty(await ada.AccountsAsync());

        var pending = await ada.RedeemAsync();
        Assert.Equal($"ben@{findMe.Networks.MastodonInstances[1].Host}", pending["handle"]!.GetValue<string>());
        Assert.Equal(findMe.Networks.MastodonInstances[1].Host, pending["instance"]!.GetValue<string>());
        Assert.Empty(await ada.AccountsAsync());
        using var other = await ada.Http.PostAsJsonAsync("/api/accounts", new { network = "mastodon", handle = "ann@elsewhere.example" }, Cancellation);
        await ProblemAssert.IsAsync(other, 409, "no-sign-in");
        using var again = await ada.Http.PostAsync(new Uri("/api/sign-in", UriKind.Relative), null, Cancellation);
        await ProblemAssert.IsAsync(again, 409, "mismatch");

        using var linked = await ada.LinkAsync(pending);
        Assert.Equal(HttpStatusCode.NoContent, linked.StatusCode);
        Assert.Single(await ada.AccountsAsync());
        await ada.StatusOfAsync(HttpMethod.Delete, "/api/me");
    }

    [Fact]
    public async Task Whoever_does_not_link_an_account_gives_its_access_back()
    {
        using var ada = findMe.NewVisitor();
        await ada.AgreeAsync();
        var grants = findMe.Networks.X.Grants;
        await ada.AllowAsync(await ada.OpenConsentAsync("x"), "ben");
        var before = grants.InForce;
        var pending = await ada.RedeemAsync();
        Assert.Equal(before + 1, grants.InForce);

        Assert.Equal(HttpStatusCode.NoContent, await ada.StatusOfAsync(HttpMethod.Delete, "/api/sign-in"));

        Assert.Equal(before, grants.InForce);
        using var late = await ada.LinkAsync(pending);
        await ProblemAssert.IsAsync(late, 409, "no-sign-in");
        Assert.Empty(await ada.AccountsAsync());
    }

    [Theory]
    [InlineData("mastodon")]
    [InlineData("x")]
    [InlineData("bluesky")]
    public async Task An_account_alone_opens_nobody_elses_searches(string network)
    {
        using var ada = findMe.NewVisitor();
        using var eve = findMe.NewVisitor();
        await SignInAsync(ada);
        await ada.ShowDemoFaceAsync();
        var search = await ada.SearchAsync("demo");
        await eve.AgreeAsync();

        using var refused = await TrySignInAsync(eve, moveHere: false);

        await ProblemAssert.IsAsync(refused, 409, "other-person");
        Assert.Empty((await eve.GetAsync("/api/references")).AsArray());
        Assert.Equal(HttpStatusCode.NotFound, await eve.StatusOfAsync(HttpMethod.Get, $"/api/searches/{search}"));
        Assert.Single(await ada.AccountsAsync());

        // Eve may use the account, if it is hers. What Ada has stays Ada's.
        using var moved = await TrySignInAsync(eve, moveHere: true);
        Assert.True(moved.IsSuccessStatusCode, await moved.Content.ReadAsStringAsync(Cancellation));
        Assert.Single(await eve.AccountsAsync());
        Assert.Empty((await eve.GetAsync("/api/references")).AsArray());
        Assert.Equal(HttpStatusCode.NotFound, await eve.StatusOfAsync(HttpMethod.Get, $"/api/searches/{search}"));
        Assert.Empty(await ada.AccountsAsync());
        Assert.Single((await ada.GetAsync("/api/references")).AsArray());
        await ada.StatusOfAsync(HttpMethod.Delete, "/api/me");
        await eve.StatusOfAsync(HttpMethod.Delete, "/api/me");

        async Task SignInAsync(Visitor visitor)
        {
            await visitor.AgreeAsync();
            using var answer = await TrySignInAsync(visitor, moveHere: false);
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Cancellation));
        }

        async Task<HttpResponseMessage> TrySignInAsync(Visitor visitor, bool moveHere)
        {
            if (network == "bluesky")
            {
                return await visitor.Http.PostAsJsonAsync("/api/accounts/bluesky", new { handle = "ben.test", appPassword = "benx-abcd-efgh-2345", moveHere }, Cancellation);
            }

            await visitor.AllowAsync(await visitor.OpenConsentAsync(network, network == "mastodon" ? findMe.Networks.Mastodon.Host : null), "ben");
            return await visitor.LinkAsync(await visitor.RedeemAsync(), moveHere);
        }
    }

    [Fact]
    public async Task A_code_from_one_browser_opens_its_searches_in_another_once()
    {
        using var ada = findMe.NewVisitor();
        await ada.ShowDemoFaceAsync();
        using var made = await ada.Http.PostAsync(new Uri("/api/me/browser-code", UriKind.Relative), null, Cancellation);
        var code = (await made.Content.ReadFromJsonAsync<JsonNode>(Cancellation))!["code"]!.GetValue<string>();
        using var phone = findMe.NewVisitor();
        using var eve = findMe.NewVisitor();

        using var wrong = await EnterAsync(eve, "00000-00000");
        await ProblemAssert.IsAsync(wrong, 422, "wrong-code");
        using var entered = await EnterAsync(phone, code.ToLowerInvariant());
        Assert.Equal(HttpStatusCode.NoContent, entered.StatusCode);
        using var late = await EnterAsync(eve, code);
        await ProblemAssert.IsAsync(late, 422, "wrong-code");

        Assert.Single((await phone.GetAsync("/api/references")).AsArray());
        Assert.Equal(1, (await ada.GetAsync("/api/me"))["otherBrowsers"]!.GetValue<int>());
        Assert.Equal(HttpStatusCode.NoContent, await ada.StatusOfAsync(HttpMethod.Delete, "/api/me/browsers"));
        Assert.Equal(HttpStatusCode.Forbidden, await phone.StatusOfAsync(HttpMethod.Get, "/api/references"));
        Assert.Single((await ada.GetAsync("/api/references")).AsArray());
        await ada.StatusOfAsync(HttpMethod.Delete, "/api/me");

        Task<HttpResponseMessage> EnterAsync(Visitor visitor, string text) => visitor.Http.PostAsJsonAsync("/api/me/browsers", new { code = text }, Cancellation);
    }

    [Fact]
    public async Task A_code_is_worth_nothing_once_the_session_that_made_it_is_signed_out()
    {
        using var ada = findMe.NewVisitor();
        await ada.ShowDemoFaceAsync();
        using var planted = new Visitor(findMe.System.Page, ada.Cookies);
        var code = await CodeAsync(planted);
        Assert.Equal(HttpStatusCode.NoContent, await ada.StatusOfAsync(HttpMethod.Delete, "/api/me/browsers"));
        using var eve = findMe.NewVisitor();

        using var late = await eve.Http.PostAsJsonAsync("/api/me/browsers", new { code }, Cancellation);
        await ProblemAssert.IsAsync(late, 422, "wrong-code");

        // The same where linking an account has ended every other session.
        var second = await CodeAsync(ada);
        await ada.SignInAsync("mastodon", findMe.Networks.MastodonInstances[1].Host, "ben");
        using var later = await eve.Http.PostAsJsonAsync("/api/me/browsers", new { code = second }, Cancellation);
        await ProblemAssert.IsAsync(later, 422, "wrong-code");
        await ada.StatusOfAsync(HttpMethod.Delete, "/api/me");

        static async Task<string> CodeAsync(Visitor visitor)
        {
            using var made = await visitor.Http.PostAsync(new Uri("/api/me/browser-code", UriKind.Relative), null, Cancellation);
            return (await made.Content.ReadFromJsonAsync<JsonNode>(Cancellation))!["code"]!.GetValue<string>();
        }
    }

    [Fact]
    public async Task An_account_is_linked_by_the_browser_that_redeemed_it_and_by_no_other_with_the_same_cookie()
    {
        using var ada = findMe.NewVisitor();
        await ada.AgreeAsync();
        using var planted = new Visitor(findMe.System.Page, ada.Cookies);
        await ada.AllowAsync(await ada.OpenConsentAsync("x"), "ben");
        var pending = await ada.RedeemAsync();

        using var stolen = await planted.LinkAsync(pending);
        await ProblemAssert.IsAsync(stolen, 409, "no-sign-in");
        using var own = await ada.LinkAsync(pending);

        Assert.Equal(HttpStatusCode.NoContent, own.StatusCode);
        Assert.Empty(await planted.AccountsAsync());
        Assert.Single(await ada.AccountsAsync());
        await ada.StatusOfAsync(HttpMethod.Delete, "/api/me");
    }

    [Fact]
    public async Task A_browser_with_things_of_its_own_opens_anothers_only_when_its_person_gives_them_up()
    {
        using var ada = findMe.NewVisitor();
        await ada.ShowDemoFaceAsync();
        using var made = await ada.Http.PostAsync(new Uri("/api/me/browser-code", UriKind.Relative), null, Cancellation);
        var code = (await made.Content.ReadFromJsonAsync<JsonNode>(Cancellation))!["code"]!.GetValue<string>();
        var reference = (await ada.GetAsync("/api/references"))[0]!["id"]!.GetValue<string>();
        using var phone = findMe.NewVisitor();
        await phone.ShowDemoFaceAsync();

        using var refused = await phone.Http.PostAsJsonAsync("/api/me/browsers", new { code }, Cancellation);
        await ProblemAssert.IsAsync(refused, 409, "things-here");
        using var entered = await phone.Http.PostAsJsonAsync("/api/me/browsers", new { code, discard = true }, Cancellation);

        Assert.Equal(HttpStatusCode.NoContent, entered.StatusCode);
        Assert.Equal(reference, Assert.Single((await phone.GetAsync("/api/references")).AsArray())!["id"]!.GetValue<string>());
        await ada.StatusOfAsync(HttpMethod.Delete, "/api/me");
    }

    [Fact]
    public async Task Signing_out_of_one_account_shows_what_else_is_signed_in()
    {
        using var ada = findMe.NewVisitor();
        await ada.SignInAsync("x", account: "ben");
        await ada.SignInAsync("mastodon", findMe.Networks.MastodonInstances[1].Host, "ben");

        using var answer = await ada.Http.DeleteAsync(new Uri("/api/accounts/x", UriKind.Relative), Cancellation);
        var left = (await answer.Content.ReadFromJsonAsync<JsonNode>(Cancellation))!;

        Assert.Equal("mastodon", Assert.Single(left["accounts"]!.AsArray())!["network"]!.GetValue<string>());
        Assert.Equal(0, left["otherBrowsers"]!.GetValue<int>());
        await ada.StatusOfAsync(HttpMethod.Delete, "/api/me");
    }

    [Theory]
    [InlineData("metadata", """{"scopes_supported":[1]}""")]
    [InlineData("metadata", """{"scopes_supported":["\ud800"]}""")]
    [InlineData("apps", """{"client_id":"\ud800","client_secret":"x"}""")]
    [InlineData("apps", """[1]""")]
    public async Task An_instance_that_answers_nonsense_is_a_problem_with_a_way_out(string endpoint, string body)
    {
        using var ada = findMe.NewVisitor();
        await ada.AgreeAsync();
        var instance = findMe.Networks.MastodonInstances[2];
        instance.Faults.Clear();
        instance.Faults.Add(new Fault(endpoint, FaultKind.Malformed) { Body = body });
        // It never registers FindMe: a registration that is known would not be asked for again.
        instance.Faults.Add(new Fault("apps", FaultKind.ServerError, Times: 2));

        using var answer = await ada.StartSignInAsync("mastodon", instance.Host);

        await ProblemAssert.IsAsync(answer, 502, "network-unreachable");
    }

    [Fact]
    public async Task Delete_everything_gives_the_access_back_and_deletes_also_where_the_network_does_not_answer()
    {
        using var ada = findMe.NewVisitor();
        await ada.SignInAsync("x", account: "ben");
        await ada.SignInAsync("mastodon", findMe.Networks.MastodonInstances[1].Host, "ben");
        findMe.Networks.MastodonInstances[1].Faults.Add(new Fault("revoke", FaultKind.Unavailable));

        using var answer = await ada.Http.DeleteAsync(new Uri("/api/me", UriKind.Relative), Cancellation);
        var accounts = (await answer.Content.ReadFromJsonAsync<JsonNode>(Cancellation))!["accounts"]!.AsArray()
            .ToDictionary(account => account!["network"]!.GetValue<string>(), account => account!["revoked"]!.GetValue<bool>());

        Assert.True(accounts["x"]);
        Assert.False(accounts["mastodon"]);
        Assert.Empty(await ada.AccountsAsync());
        using var again = findMe.NewVisitor();
        await again.SignInAsync("x", account: "ben");
        Assert.Equal("ben", (await again.AccountsAsync())["x"]);
        await again.StatusOfAsync(HttpMethod.Delete, "/api/me");
    }
}
