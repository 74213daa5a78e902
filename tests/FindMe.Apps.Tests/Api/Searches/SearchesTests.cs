using System.Net;
using System.Net.Http.Json;
using FindMe.Pipeline;

namespace FindMe.Apps.Tests.Api;

public sealed class SearchesTests(FindMeSystem findMe) : IClassFixture<FindMeSystem>
{
    [Theory]
    [InlineData("POST", "/api/searches", "text/plain", "{}", 415, "wrong-content-type")]
    [InlineData("POST", "/api/searches", "application/json", "{", 400, "bad-request")]
    [InlineData("PUT", "/api/searches", "application/json", "{}", 405, "wrong-method")]
    [InlineData("GET", "/api/nothing", null, null, 404, "not-found")]
    public async Task What_no_endpoint_takes_is_refused_with_a_way_out(string method, string path, string? type, string? body, int status, string problem)
    {
        using var ada = findMe.NewVisitor();
        await ada.AgreeAsync();
        using var request = new HttpRequestMessage(new HttpMethod(method), path)
        {
            Content = body is null ? null : new StringContent(body, new System.Net.Http.Headers.MediaTypeHeaderValue(type!)),
        };

        using var answer = await ada.Http.SendAsync(request, TestContext.Current.CancellationToken);

        await ProblemAssert.IsAsync(answer, status, problem);
    }

    [Fact]
    public async Task A_search_of_the_demo_album_finds_the_person_with_a_box_in_the_photo_and_a_confidence()
    {
        using var ada = findMe.NewVisitor();
        await ada.ShowDemoFaceAsync();

        var search = await ada.SearchAsync(FindMeSystem.Demo);
        var view = await ada.UntilEndedAsync(search);

        // All apps started at once on an empty ring, and one of them made the key.
        Assert.Single(Directory.GetFiles(Path.Combine(findMe.Data, "keys")));
        Assert.Equal("finished", Visitor.Status(view));
        Assert.Equal(6, Visitor.Count(view, "found"));
        Assert.Equal(6, Visitor.Count(view, "compared"));
        Assert.Equal(6, view["posts"]!.GetValue<int>());
        var own = Assert.Single(view["matches"]!.AsArray(), match => match!["photo"]!["id"]!.GetValue<string>() == "photo000.jpg")!;
        Assert.Equal("match", own["verdict"]!.GetValue<string>());
        Assert.InRange(own["confidence"]!.GetValue<double>(), 0.9, 1);
        var (photo, box) = (own["photo"]!, own["box"]!);
        Assert.InRange(box["x"]!.GetValue<double>() + box["width"]!.GetValue<double>(), 1, photo["width"]!.GetValue<double>());
        Assert.InRange(box["y"]!.GetValue<double>() + box["height"]!.GetValue<double>(), 1, photo["height"]!.GetValue<double>());
        using var picture = await ada.Http.GetAsync(new Uri(photo["url"]!.GetValue<string>() + "?width=320", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal("image/jpeg", picture.Content.Headers.ContentType!.MediaType);
        Assert.True(picture.Headers.CacheControl!.Private);
    }

    [Fact]
    public async Task The_status_of_a_search_of_a_thousand_photos_costs_at_most_3_state_requests_and_40_keys()
    {
        using var ada = findMe.NewVisitor();
        await ada.ShowDemoFaceAsync();
        var search = await ada.SearchAsync(FindMeSystem.Thousand);
        var view = await ada.UntilEndedAsync(search, seconds: 240);
        Assert.Equal(1000, Visitor.Count(view, "compared"));

        var before = findMe.System.Sidecar.Traffic.Of("findme-api");
        await ada.GetAsync($"/api/searches/{search}");
        var cost = findMe.System.Sidecar.Traffic.Of("findme-api").Since(before);

        TestContext.Current.TestOutputHelper!.WriteLine($"{cost.StateRequests} state requests, {cost.StateKeys} keys");
        Assert.InRange(cost.StateRequests, 1, 3);
        Assert.InRange(cost.StateKeys, 33, 40);
    }

    [Fact]
    public async Task Two_seconds_after_a_cancel_no_further_comparison_starts_and_what_was_found_stays()
    {
        using var ada = findMe.NewVisitor();
        await ada.ShowDemoFaceAsync();
        var search = await ada.SearchAsync(FindMeSystem.Talk);
        await ada.UntilAsync(search, view => Visitor.Count(view, "compared") >= 10);

        Assert.Equal(HttpStatusCode.NoContent, await ada.StatusOfAsync(HttpMethod.Delete, $"/api/searches/{search}"));
        await Task.Delay(TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken);
        var started = Comparisons(search);
        var cancelled = await ada.GetAsync($"/api/searches/{search}");
        await Task.Delay(TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken);

        Assert.Equal("cancelled", Visitor.Status(cancelled));
        Assert.InRange(started, 10, FindMeSystem.TalkPhotos - 1);
        Assert.Equal(started, Comparisons(search));
        var later = await ada.GetAsync($"/api/searches/{search}");
        Assert.Equal(cancelled.ToJsonString(), later.ToJsonString());
        Assert.InRange(Visitor.Count(later, "compared"), 10, FindMeSystem.TalkPhotos - 1);
    }

    [Fact]
    public async Task Events_bring_each_match_once_and_go_on_where_a_reader_was()
    {
        using var ada = findMe.NewVisitor();
        await ada.ShowDemoFaceAsync();
        var search = await ada.SearchAsync(FindMeSystem.Talk);

        var first = await ada.EventsAsync(search, atMost: 3);
        var rest = await ada.EventsAsync(search, lastEventId: first[^1].Id);
        var view = await ada.GetAsync($"/api/searches/{search}");

        Assert.Equal("finished", rest[^1].Data["status"]!.GetValue<string>());
        var live = first.Concat(rest).SelectMany(entry => entry.Data["matches"]!.AsArray()).Select(match => match!["photo"]!["id"]!.GetValue<string>()).ToList();
        Assert.Equal(live.Count, live.Distinct().Count());
        Assert.Equal(view["matches"]!.AsArray().Select(match => match!["photo"]!["id"]!.GetValue<string>()).Order(StringComparer.Ordinal), live.Order(StringComparer.Ordinal));
        Assert.Empty((await ada.EventsAsync(search, lastEventId: rest[^1].Id)).SelectMany(entry => entry.Data["matches"]!.AsArray()));
    }

    [Fact]
    public async Task An_empty_album_finishes_and_says_so()
    {
        using var ada = findMe.NewVisitor();
        await ada.ShowDemoFaceAsync();

        var view = await ada.UntilEndedAsync(await ada.SearchAsync(FindMeSystem.Empty));

        Assert.Equal("finished", Visitor.Status(view));
        Assert.Equal(0, Visitor.Count(view, "found"));
        Assert.Equal("no-photos", view["problem"]!["type"]!.GetValue<string>());
    }

    [Fact]
    public async Task What_cannot_be_searched_is_refused_with_the_way_out()
    {
        using var ada = findMe.NewVisitor();
        using (var early = await ada.Http.PostAsJsonAsync("/api/searches", new { source = "album", query = FindMeSystem.Demo }, TestContext.Current.CancellationToken))
        {
            await ProblemAssert.IsAsync(early, 403, "consent-required");
        }

        await ada.AgreeAsync();
        using (var faceless = await ada.Http.PostAsJsonAsync("/api/searches", new { source = "album", query = FindMeSystem.Demo }, TestContext.Current.CancellationToken))
        {
            await ProblemAssert.IsAsync(faceless, 422, "no-reference");
        }

        using var unknown = await ada.Http.PostAsJsonAsync("/api/searches", new { source = "album", query = "nowhere" }, TestContext.Current.CancellationToken);
        await ProblemAssert.IsAsync(unknown, 422, "unknown-album");
        using var source = await ada.Http.PostAsJsonAsync("/api/searches", new { source = "myspace", query = "x" }, TestContext.Current.CancellationToken);
        await ProblemAssert.IsAsync(source, 422, "unknown-source");
    }

    [Fact]
    public async Task A_search_that_has_ended_can_be_deleted_and_is_then_gone()
    {
        using var ada = findMe.NewVisitor();
        await ada.ShowDemoFaceAsync();
        var search = await ada.SearchAsync(FindMeSystem.Demo);
        await ada.UntilEndedAsync(search);

        Assert.Single((await ada.GetAsync("/api/searches")).AsArray());
        Assert.Equal(HttpStatusCode.NoContent, await ada.StatusOfAsync(HttpMethod.Delete, $"/api/searches/{search}"));

        Assert.Equal(HttpStatusCode.NotFound, await ada.StatusOfAsync(HttpMethod.Get, $"/api/searches/{search}"));
        Assert.Empty((await ada.GetAsync("/api/searches")).AsArray());
    }

    [Fact]
    public async Task A_person_whose_document_names_no_browser_is_nobodys()
    {
        using var ada = findMe.NewVisitor();
        await ada.ShowDemoFaceAsync();
        var search = await ada.SearchAsync(FindMeSystem.Demo);
        await ada.UntilEndedAsync(search);
        var id = (await findMe.Dapr.GetStateAsync<Search>(StateKeys.Store, StateKeys.Search(search), TestContext.Current.CancellationToken))!.Person;
        Assert.Equal(HttpStatusCode.OK, await ada.StatusOfAsync(HttpMethod.Get, "/api/references"));

        await findMe.Dapr.UpdatePersonAsync(id, person => person with { Sessions = [] }, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.Forbidden, await ada.StatusOfAsync(HttpMethod.Get, "/api/references"));
        Assert.Equal(HttpStatusCode.NotFound, await ada.StatusOfAsync(HttpMethod.Get, $"/api/searches/{search}"));
    }

    [Fact]
    public async Task A_photo_that_failed_repeatedly_is_compared_again_when_its_person_asks_for_it_and_nobody_elses()
    {
        using var ada = findMe.NewVisitor();
        using var eve = findMe.NewVisitor();
        await eve.AgreeAsync();
        await ada.ShowDemoFaceAsync();
        var search = await ada.SearchAsync(FindMeSystem.Demo);
        await ada.UntilEndedAsync(search);
        using (var early = await ada.Http.PostAsync(Retry(), null, TestContext.Current.CancellationToken))
        {
            await ProblemAssert.IsAsync(early, 409, "nothing-to-retry");
        }

        var page = (await findMe.Dapr.GetStateAsync<Search>(StateKeys.Store, StateKeys.Search(search), TestContext.Current.CancellationToken))!.Pages[0];
        await findMe.Dapr.UpdateStateAsync<PhotoBatch>(
            StateKeys.Batch(search, page.Listing, 0),
            batch => batch.With(0, photo => photo with { Verdict = Verdict.Skipped("It failed.") with { GivenUp = true, Order = photo.Verdict!.Order } }),
            _ => TimeSpan.FromMinutes(5),
            TestContext.Current.CancellationToken);
        var skipped = Assert.Single((await ada.GetAsync($"/api/searches/{search}"))["skipped"]!.AsArray())!;
        Assert.True(skipped["canRetry"]!.GetValue<bool>());

        using (var foreign = await eve.Http.PostAsync(Retry(), null, TestContext.Current.CancellationToken))
        {
            Assert.Equal(HttpStatusCode.NotFound, foreign.StatusCode);
        }

        using var answer = await ada.Http.PostAsync(Retry(), null, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        await ada.UntilAsync(search, view => view["skipped"]!.AsArray().Count == 0);
        var view = await ada.UntilEndedAsync(search);
        Assert.Contains(view["matches"]!.AsArray(), match => match!["photo"]!["id"]!.GetValue<string>() == "photo000.jpg");

        Uri Retry() => new($"/api/searches/{search}/retry", UriKind.Relative);
    }

    [Fact]
    public async Task What_has_expired_is_no_reference_any_more_and_no_search_that_counts_and_a_visit_is_noted()
    {
        using var ada = findMe.NewVisitor();
        await ada.ShowDemoFaceAsync();
        var first = await ada.SearchAsync(FindMeSystem.Demo);
        await ada.UntilEndedAsync(first);
        var (dapr, longAgo) = (findMe.Dapr, DateTimeOffset.UnixEpoch);
        var id = (await dapr.GetStateAsync<Search>(StateKeys.Store, StateKeys.Search(first), TestContext.Current.CancellationToken))!.Person;
        await dapr.UpdateStateAsync<Person>(
            StateKeys.Person(id),
            person => person with
            {
                VisitedAt = longAgo,
                References = [.. person.References.Select(reference => reference with { ExpiresAt = longAgo })],
                Searches = [.. Enumerable.Range(0, 99).Select(number => $"{number:x32}"), first],
            },
            _ => TimeSpan.FromMinutes(5),
            TestContext.Current.CancellationToken);

        Assert.Empty((await ada.GetAsync("/api/references")).AsArray());
        var visited = (await dapr.GetStateAsync<Person>(StateKeys.Store, StateKeys.Person(id), TestContext.Current.CancellationToken))!;
        Assert.NotEqual(longAgo, visited.VisitedAt);
        Assert.Empty(visited.References);
        using (var faceless = await ada.Http.PostAsJsonAsync("/api/searches", new { source = "album", query = FindMeSystem.Demo }, TestContext.Current.CancellationToken))
        {
            await ProblemAssert.IsAsync(faceless, 422, "no-reference");
        }

        using (var older = await ada.Http.PostAsJsonAsync($"/api/searches/{first}/continue", new { }, TestContext.Current.CancellationToken))
        {
            await ProblemAssert.IsAsync(older, 422, "no-reference");
        }

        await ada.ShowDemoFaceAsync();
        var second = await ada.SearchAsync(FindMeSystem.Demo);
        Assert.Equal([second, first], (await ada.GetAsync("/api/searches")).AsArray().Select(search => search!["id"]!.GetValue<string>()));
        Assert.Equal([first, second], (await dapr.GetStateAsync<Person>(StateKeys.Store, StateKeys.Person(id), TestContext.Current.CancellationToken))!.Searches);
    }

    [Fact]
    public async Task Somebody_elses_search_and_photos_are_not_there()
    {
        using var ada = findMe.NewVisitor();
        await ada.ShowDemoFaceAsync();
        var search = await ada.SearchAsync(FindMeSystem.Demo);
        var view = await ada.UntilEndedAsync(search);
        var photo = view["matches"]![0]!["photo"]!["url"]!.GetValue<string>();
        using var eve = findMe.NewVisitor();
        await eve.AgreeAsync();
        using var stranger = findMe.NewVisitor();

        foreach (var visitor in new[] { eve, stranger })
        {
            Assert.Equal(HttpStatusCode.NotFound, await visitor.StatusOfAsync(HttpMethod.Get, $"/api/searches/{search}"));
            Assert.Equal(HttpStatusCode.NotFound, await visitor.StatusOfAsync(HttpMethod.Get, $"/api/searches/{search}/events"));
            Assert.Equal(HttpStatusCode.NotFound, await visitor.StatusOfAsync(HttpMethod.Get, photo));
            Assert.Equal(HttpStatusCode.NotFound, await visitor.StatusOfAsync(HttpMethod.Delete, $"/api/searches/{search}"));
        }

        Assert.Equal("finished", Visitor.Status(await ada.GetAsync($"/api/searches/{search}")));
    }

    private int Comparisons(string search) =>
        findMe.LogOf("findme-compare").Count(line => line.Contains($"Search {search}: comparing", StringComparison.Ordinal));
}
