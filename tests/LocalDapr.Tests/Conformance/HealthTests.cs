using System.Net;
using System.Text.Json;

namespace LocalDapr.Tests.Conformance;

public class HealthTests
{
    [Fact]
    [Conformance("health-03", "pkg/api/http/middlewares.go APITokenAuthMiddleware")]
    public async Task With_a_token_every_call_needs_it_but_the_health_checks()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSub], new Setup { DaprApiToken = "secret" });

        using var without = await sidecar.PostAsync("/v1.0/publish/pubsub/orders", "1");
        using var health = await sidecar.Http.GetAsync("/v1.0/healthz");
        using var outbound = await sidecar.Http.GetAsync("/v1.0/healthz/outbound");
        sidecar.Http.DefaultRequestHeaders.Add("dapr-api-token", "wrong");
        using var wrong = await sidecar.PostAsync("/v1.0/publish/pubsub/orders", "1");
        sidecar.Http.DefaultRequestHeaders.Remove("dapr-api-token");
        sidecar.Http.DefaultRequestHeaders.Add("dapr-api-token", "secret");
        using var with = await sidecar.PostAsync("/v1.0/publish/pubsub/orders", "1");

        Assert.Equal(HttpStatusCode.Unauthorized, without.StatusCode);
        Assert.Equal("invalid api token", (await without.Content.ReadAsStringAsync()).Trim());
        Assert.Equal(HttpStatusCode.Unauthorized, wrong.StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, health.StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, outbound.StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, with.StatusCode);
    }

    [Fact]
    [Conformance("health-04", "pkg/api/http/metadata.go")]
    public async Task Metadata_names_the_app_its_components_and_subscriptions_and_keeps_what_is_put()
    {
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders(""","deadLetterTopic":"dead" """));
        await using var sidecar = await SidecarUnderTest.StartAsync(app);

        using var put = await sidecar.Http.PutAsync("/v1.0/metadata/cliPID", new StringContent("42"));
        var metadata = JsonDocument.Parse(await (await sidecar.Http.GetAsync("/v1.0/metadata")).Content.ReadAsStringAsync()).RootElement;

        Assert.Equal(HttpStatusCode.NoContent, put.StatusCode);
        Assert.Equal("shop", metadata.GetProperty("id").GetString());
        Assert.Superset(
            new HashSet<string> { "pubsub", "statestore" },
            metadata.GetProperty("components").EnumerateArray().Select(component => component.GetProperty("name").GetString()!).ToHashSet());
        var subscription = metadata.GetProperty("subscriptions")[0];
        Assert.Equal("orders", subscription.GetProperty("topic").GetString());
        Assert.Equal("/orders", subscription.GetProperty("rules")[0].GetProperty("path").GetString());
        Assert.Equal("dead", subscription.GetProperty("deadLetterTopic").GetString());
        Assert.Equal("PROGRAMMATIC", subscription.GetProperty("type").GetString());
        Assert.Equal(app.Port, metadata.GetProperty("appConnectionProperties").GetProperty("port").GetInt32());
        Assert.Equal("42", metadata.GetProperty("extended").GetProperty("cliPID").GetString());
    }

    [Fact]
    [Conformance("health-05", "pkg/api/http/shutdown.go")]
    public async Task Shutdown_is_204_and_ends_the_sidecar_or_tells_whoever_runs_it()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSub, SidecarUnderTest.Store], new Setup { EndsIt = true });

        using var response = await sidecar.Http.PostAsync("/v1.0/shutdown", null);

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        await sidecar.EndedAsync();
    }
}
