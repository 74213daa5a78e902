using System.Net;
using System.Text;

namespace LocalDapr.Tests.Http;

/// <summary>Tests that web pages in a browser on the same machine cannot use the sidecar.</summary>
public sealed class BrowserTests
{
    [Theory]
    [InlineData("Origin", "https://evil.example")]
    [InlineData("Origin", "null")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Sec-Fetch-Mode", "no-cors")]
    [InlineData("Host", "evil.example")]
    [InlineData("Host", "evil.example:3500")]
    [InlineData("Host", "127.0.0.1.evil.example")]
    public async Task Without_a_token_a_request_from_a_web_page_is_refused_and_nothing_is_done(string header, string value)
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();
        using var _ = await sidecar.SaveAsync("key", "1");

        foreach (var (method, path, body) in new[]
        {
            (HttpMethod.Post, "/v1.0/state/statestore", """[{"key":"key","value":2}]"""), (HttpMethod.Post, "/v1.0/publish/pubsub/orders", "1"),
            (HttpMethod.Get, "/v1.0/state/statestore/key", ""), (HttpMethod.Post, "/v1.0/shutdown", ""),
        })
        {
            using var request = new HttpRequestMessage(method, path) { Content = new StringContent(body, Encoding.UTF8, "text/plain") };
            request.Headers.Add(header, value);
            using var answer = await sidecar.Http.SendAsync(request);
            Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
            Assert.Contains("DAPR_API_TOKEN", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        Assert.Equal("1", (await sidecar.GetAsync("key"))?.Value);
        Assert.Equal(0, Waiting.Events(sidecar));
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("127.0.0.1:9")]
    [InlineData("[::1]:9")]
    public async Task Programs_of_this_machine_are_served_by_any_of_its_names(string host)
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1.0/metadata");
        request.Headers.Host = host;

        using var answer = await sidecar.Http.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task With_a_token_whoever_sends_it_is_served_from_anywhere()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.Store], new Setup { DaprApiToken = "secret" });
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1.0/metadata");
        request.Headers.Add("dapr-api-token", "secret");
        request.Headers.Add("Origin", "https://elsewhere.example");

        using var answer = await sidecar.Http.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }
}
