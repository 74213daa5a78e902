using System.Net;

namespace LocalDapr.Tests.Conformance;

public class StateKeyTests
{
    [Theory]
    [InlineData(null, "api", "other", false)]
    [InlineData("appid", "api", "other", false)]
    [InlineData("none", "api", "other", true)]
    [InlineData("name", "api", "other", true)]
    [InlineData("shared", "api", "other", true)]
    [Conformance("state-11", "pkg/components/state/state_config.go GetModifiedStateKey")]
    public async Task The_key_prefix_decides_whether_two_apps_share_a_key(string? prefix, string writer, string reader, bool shared)
    {
        var store = $$"""
            apiVersion: dapr.io/v1alpha1
            kind: Component
            metadata: { name: statestore }
            spec: { type: state.redis, version: v1, metadata: [{ name: redisHost, value: "localhost:6379" }{{(prefix is null ? "" : $", {{ name: keyprefix, value: {prefix} }}")}}] }
            """;
        // Unique, since without a prefix the store is shared with other runs.
        var key = $"key-{Guid.NewGuid():N}";
        await using var one = await TestApp.StartAsync(writer);
        await using var two = await TestApp.StartAsync(reader);
        await using var sidecar = await SidecarUnderTest.StartAsync([store], one, two);
        using var _ = await sidecar.SaveAsync(key, "1");

        using var other = sidecar.ClientOf(reader);
        using var response = await other.GetAsync($"/v1.0/state/statestore/{key}");

        Assert.Equal(shared ? HttpStatusCode.OK : HttpStatusCode.NoContent, response.StatusCode);
        Assert.NotNull(await sidecar.GetAsync(key));
    }
}
