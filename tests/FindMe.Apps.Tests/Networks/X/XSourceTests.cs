using System.Net.Http.Json;
using System.Text.Json.Nodes;
using FindMe.DemoNetworks;

namespace FindMe.Apps.Tests.Networks;

public sealed class XSourceTests(NetworkedFindMe findMe)
{
    [Fact]
    public async Task A_thousand_posts_at_a_limit_of_five_calls_in_two_seconds_show_the_wait_and_finish()
    {
        using var ada = await findMe.NewVisitorAsync();
        Publish("#thousand", 1000, photos: false);
        findMe.X.Limit = new RateLimit(5, TimeSpan.FromSeconds(2));

        var search = await ada.SearchAsync(new { source = "x", query = "#thousand", maxCost = 6m });
        var waiting = await ada.UntilAsync(search, view => Visitor.Status(view) == "waiting", seconds: 30);
        var view = await ada.UntilEndedAsync(search, seconds: 90);

        Assert.InRange(waiting["waitingUntil"]!.GetValue<DateTimeOffset>(), TimeProvider.System.GetUtcNow().AddMinutes(-2), TimeProvider.System.GetUtcNow().AddSeconds(4));
        Assert.Equal("finished", Visitor.Status(view));
        Assert.Equal(1000, view["posts"]!.GetValue<int>());
        Assert.Equal(5.0, view["cost"]!.GetValue<double>(), 6);
        Assert.True(findMe.X.Calls.Of("search").Count(call => call.Status == 429) < 10, "A wait is not a busy loop.");
    }

    [Fact]
    public async Task The_cost_is_estimated_before_capped_while_it_runs_and_told_after_and_a_higher_cap_goes_on()
    {
        using var ada = await findMe.NewVisitorAsync();
        Publish("#money", 40);

        using (var uncapped = await ada.Http.PostAsJsonAsync("/api/searches", new { source = "x", query = "#money" }, TestContext.Current.CancellationToken))
        {
            await ProblemAssert.IsAsync(uncapped, 422, "max-cost-missing");
        }

        using (var answer = await ada.Http.PostAsJsonAsync("/api/searches/estimate", new { source = "x", query = "#money" }, TestContext.Current.CancellationToken))
        {
            var estimate = await answer.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken);
            Assert.Equal((40, 0.2, 0.005), (estimate!["posts"]!.GetValue<int>(), estimate["cost"]!.GetValue<double>(), estimate["spent"]!.GetValue<double>()));
        }

        var search = await ada.SearchAsync(new { source = "x", query = "#money", maxCost = 0.12m });
        var capped = await ada.UntilEndedAsync(search, seconds: 30);

        Assert.Equal(("finished", "cost-cap"), (Visitor.Status(capped), capped["problem"]!["type"]!.GetValue<string>()));
        Assert.Equal(24, capped["posts"]!.GetValue<int>());
        Assert.Equal(0.12, capped["cost"]!.GetValue<double>(), 6);

        await ContinueAsync(ada, search, new { maxCost = 1m });
        var whole = await ada.UntilAsync(search, view => Visitor.Status(view) == "finished" && view["posts"]!.GetValue<int>() == 40, seconds: 30);
        Assert.Equal(0.2, whole["cost"]!.GetValue<double>(), 6);
        Assert.Equal(40, Visitor.Count(whole, "found"));
    }

    [Theory]
    [InlineData(5, 10)]
    [InlineData(70, 74)]
    public async Task A_search_that_may_cost_what_was_estimated_reads_all_that_was_counted(int posts, int paid)
    {
        using var ada = await findMe.NewVisitorAsync();
        Publish($"#few{posts}", posts, photos: false);
        using var answer = await ada.Http.PostAsJsonAsync("/api/searches/estimate", new { source = "x", query = $"#few{posts}" }, TestContext.Current.CancellationToken);
        var estimate = await answer.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken);
        Assert.Equal((posts, paid * 0.005m), (estimate!["posts"]!.GetValue<int>(), estimate["cost"]!.GetValue<decimal>()));

        var view = await ada.UntilEndedAsync(await ada.SearchAsync(new { source = "x", query = $"#few{posts}", maxCost = estimate["cost"]!.GetValue<decimal>() }), seconds: 30);

        Assert.Equal(posts, view["posts"]!.GetValue<int>());
        Assert.Equal(posts * 0.005m, view["cost"]!.GetValue<decimal>());
    }

    [Fact]
    public async Task Without_credits_a_search_stops_with_what_it_found_and_goes_on_when_there_are_some_and_later_for_newer_posts()
    {
        using var ada = await findMe.NewVisitorAsync();
        Publish("#credits", 80);
        findMe.X.Faults.Add(new Fault("search", FaultKind.OutOfCredits, AtCall: 2));

        var search = await ada.SearchAsync(new { source = "x", query = "#credits", maxCost = 1m });
        var stopped = await ada.UntilEndedAsync(search, seconds: 30);

        Assert.Equal(("failed", "x-credits"), (Visitor.Status(stopped), stopped["problem"]!["type"]!.GetValue<string>()));
        Assert.True(stopped["canContinue"]!.GetValue<bool>());
        Assert.Equal(64, Visitor.Count(stopped, "found"));
        Assert.Equal(64, Visitor.Count(stopped, "skipped"));

        await ContinueAsync(ada, search, new { });
        await ada.UntilAsync(search, view => Visitor.Status(view) == "finished" && Visitor.Count(view, "found") == 80, seconds: 30);

        findMe.X.Publish(new ScenarioPost { Text = "#credits", Media = [new() { Picture = "mosaic/9500", Behaviour = MediaBehaviour.Missing }] });
        await ContinueAsync(ada, search, new { });
        var newer = await ada.UntilAsync(search, view => Visitor.Status(view) == "finished" && Visitor.Count(view, "found") == 81, seconds: 30);
        Assert.Equal(81 * 0.005, newer["cost"]!.GetValue<double>(), 6);
    }

    [Theory]
    [InlineData("has:images lang:en", "query-refused")]
    [InlineData("(#open", "query-refused")]
    [InlineData("\"open", "query-refused")]
    [InlineData("#a min_faves:3", "query-refused")]
    [InlineData("-(#a #b) #c", "query-refused")]
    [InlineData("", "query-refused")]
    public async Task A_query_that_X_would_refuse_is_refused_before_it_is_asked(string query, string problem)
    {
        using var ada = await findMe.NewVisitorAsync();
        var calls = findMe.X.Calls.All.Count;

        foreach (var address in new[] { "/api/searches", "/api/searches/estimate" })
        {
            using var answer = await ada.Http.PostAsJsonAsync(address, new { source = "x", query, maxCost = 1m }, TestContext.Current.CancellationToken);
            await ProblemAssert.IsAsync(answer, 422, problem);
        }

        Assert.Equal(calls, findMe.X.Calls.All.Count);
    }

    [Fact]
    public async Task A_search_that_waits_is_cancelled_at_once_and_asks_no_more()
    {
        using var ada = await findMe.NewVisitorAsync();
        Publish("#stop", 100, photos: false);
        findMe.X.Faults.Add(new Fault("search", FaultKind.RateLimited, AtCall: 2) { ResetAfter = TimeSpan.FromSeconds(2) });
        var search = await ada.SearchAsync(new { source = "x", query = "#stop", maxCost = 1m });
        await ada.UntilAsync(search, view => Visitor.Status(view) == "waiting", seconds: 30);
        var calls = findMe.X.Calls.Of("search").Count;

        await ada.StatusOfAsync(HttpMethod.Delete, $"/api/searches/{search}");
        await Task.Delay(TimeSpan.FromSeconds(4), TestContext.Current.CancellationToken);

        Assert.Equal("cancelled", Visitor.Status(await ada.GetAsync($"/api/searches/{search}")));
        Assert.Equal(calls, findMe.X.Calls.Of("search").Count);
    }

    // What is not there needs no comparing; a post whose picture X leaves out has none.
    private void Publish(string tag, int posts, bool photos = true)
    {
        for (var number = 0; number < posts; number++)
        {
            findMe.X.Publish(new ScenarioPost
            {
                Text = tag,
                MinutesAgo = number + 1,
                Media = [new() { Picture = $"mosaic/{number}", Behaviour = MediaBehaviour.Missing, MissingFromIncludes = !photos }],
            });
        }
    }

    private static async Task ContinueAsync(Visitor visitor, string search, object wish)
    {
        using var answer = await visitor.Http.PostAsJsonAsync($"/api/searches/{search}/continue", wish, TestContext.Current.CancellationToken);
        Assert.True((int)answer.StatusCode == 202, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}
