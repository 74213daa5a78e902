using System.Net;

namespace LocalDapr.Tests.Conformance;

/// <summary>Health checks, which only the HTTP API has.</summary>
public class HttpHealthTests
{
    [Fact]
    [Conformance("health-01", "pkg/api/http/healthz.go")]
    public async Task Outbound_is_healthy_before_the_app_listens_and_inbound_is_not()
    {
        await using var app = await TestApp.StartAsync("shop");
        await app.CloseAsync();
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSub], new Setup { Await = false }, app);

        using var outbound = await sidecar.Http.GetAsync("/v1.0/healthz/outbound");
        using var inbound = await sidecar.Http.GetAsync("/v1.0/healthz");

        Assert.Equal(HttpStatusCode.NoContent, outbound.StatusCode);
        await SidecarUnderTest.AssertErrorAsync(inbound, 500, "ERR_HEALTH_NOT_READY");
    }

    [Fact]
    [Conformance("health-02", "pkg/api/http/healthz.go")]
    public async Task Health_asked_for_another_app_id_is_500()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();

        using var same = await sidecar.Http.GetAsync($"/v1.0/healthz?appid={sidecar.FirstApp}");
        using var other = await sidecar.Http.GetAsync("/v1.0/healthz?appid=other");

        Assert.Equal(HttpStatusCode.NoContent, same.StatusCode);
        await SidecarUnderTest.AssertErrorAsync(other, 500, "ERR_HEALTH_APPID_NOT_MATCH");
    }
}
