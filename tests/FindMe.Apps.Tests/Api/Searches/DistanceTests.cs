using System.Net;
using System.Text.Json.Nodes;

namespace FindMe.Apps.Tests.Api;

public sealed class DistanceTests(FindMeSystem findMe) : IClassFixture<FindMeSystem>
{
    [Fact]
    public async Task Photos_beyond_maybe_are_listed_up_to_the_distance_that_is_asked_for_and_shown_to_their_owner_only()
    {
        using var ada = findMe.NewVisitor();
        await ada.ShowDemoFaceAsync();
        var search = await ada.SearchAsync(FindMeSystem.Demo);
        var found = Matches(await ada.UntilEndedAsync(search));
        Assert.DoesNotContain(found, match => Verdict(match) == "no");

        var wide = Matches(await ada.GetAsync($"/api/searches/{search}?within=1.26"));

        var further = wide.Where(match => Verdict(match) == "no").ToList();
        Assert.NotEmpty(further);
        Assert.Equal(found.Count, wide.Count - further.Count);
        Assert.All(further, match => Assert.InRange(Distance(match), 1.12, 1.26));
        Assert.All(further, match => Assert.Equal("check", match["band"]!.GetValue<string>()));
        Assert.All(found.Where(match => match["confidence"]!.GetValue<double>() >= 0.9), match => Assert.Equal("clear", match["band"]!.GetValue<string>()));
        var farthest = further.Max(Distance);
        Assert.Equal(wide.Count - 1, Matches(await ada.GetAsync($"/api/searches/{search}?within={string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{farthest - 0.0001:0.####}")}")).Count);
        var last = (await ada.EventsAsync(search, within: "1.26"))[^1].Data;
        Assert.Equal(wide.Count, Matches(last).Count);

        var picture = further[0]["photo"]!["url"]!.GetValue<string>();
        Assert.Equal(HttpStatusCode.OK, await ada.StatusOfAsync(HttpMethod.Get, picture));
        using var eve = findMe.NewVisitor();
        await eve.AgreeAsync();
        Assert.Equal(HttpStatusCode.NotFound, await eve.StatusOfAsync(HttpMethod.Get, picture));
    }

    [Theory]
    [InlineData("-0.1", "within-out-of-range")]
    [InlineData("2.01", "within-out-of-range")]
    [InlineData("NaN", "within-out-of-range")]
    [InlineData("near", "bad-request")]
    public async Task A_distance_that_is_none_is_refused(string within, string problem)
    {
        using var ada = findMe.NewVisitor();
        await ada.AgreeAsync();
        foreach (var path in new[] { "", "/events" })
        {
            using var answer = await ada.Http.GetAsync(new Uri($"/api/searches/{new string('0', 32)}{path}?within={within}", UriKind.Relative), TestContext.Current.CancellationToken);
            await ProblemAssert.IsAsync(answer, 400, problem);
        }
    }

    private static List<JsonNode> Matches(JsonNode view) => [.. view["matches"]!.AsArray().Select(match => match!)];

    private static string Verdict(JsonNode match) => match["verdict"]!.GetValue<string>();

    private static double Distance(JsonNode match) => match["distance"]!.GetValue<double>();
}
