using System.Net;

namespace FindMe.Apps.Tests.Wiring;

[Collection<SharingStartedApps>]
public sealed class DaprPortTests(StartedApps apps)
{
    private const string Event = """{"id":"x","topic":"t","data":{"searchId":"x","listing":1,"index":0,"firstBatch":0,"photo":{"album":"a","path":"p"}}}""";

    [Fact]
    public async Task Where_people_come_Daprs_routes_do_not_exist_even_with_the_token_and_a_forged_host()
    {
        foreach (var (app, page) in apps.Pages)
        {
            var (status, _) = await apps.SendAsync(HttpMethod.Get, new Uri(page, "/dapr/subscribe"), StartedApps.Token);
            Assert.True(status == HttpStatusCode.NotFound, $"{app}: {status}");
        }

        Assert.Equal(
            HttpStatusCode.NotFound, (await apps.SendAsync(HttpMethod.Post, new Uri(apps.Pages["FindMe.Compare"], "/tweet_image"), StartedApps.Token, Event)).Status);
        Assert.Equal(
            HttpStatusCode.NotFound, (await apps.SendAsync(HttpMethod.Post, new Uri(apps.Pages["FindMe.Collect"], "/tweet_image_dead"), StartedApps.Token, "{")).Status);

        using var forged = new HttpRequestMessage(HttpMethod.Get, new Uri(apps.Pages["FindMe.Collect"], "/dapr/subscribe"));
        forged.Headers.Host = apps.DaprPorts["FindMe.Collect"].Authority;
        forged.Headers.Add("dapr-api-token", StartedApps.Token);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var answer = await http.SendAsync(forged, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("a-token-that-only-dapr-knowz")]
    [InlineData("a-token-that-only-dapr-knows-and-more")]
    public async Task On_Daprs_port_whoever_lacks_the_token_is_turned_away_before_the_body_is_read(string? token)
    {
        foreach (var (app, port) in apps.DaprPorts)
        {
            var (status, _) = await apps.SendAsync(HttpMethod.Get, new Uri(port, "/dapr/subscribe"), token);
            Assert.True(status == HttpStatusCode.Unauthorized, $"{app}: {status}");
        }

        Assert.Equal(HttpStatusCode.Unauthorized, (await apps.SendAsync(HttpMethod.Post, new Uri(apps.DaprPorts["FindMe.Compare"], "/tweet_image"), token, "{")).Status);
    }

    [Fact]
    public async Task With_the_token_Dapr_is_told_of_the_subscriptions()
    {
        var served = await apps.SubscriptionsAsync();

        Assert.Contains(served, subscription => subscription is { App: "findme-compare", Topic: "tweet_image", Route: "tweet_image" });
    }
}
