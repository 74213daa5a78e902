using System.Net;
using System.Net.Sockets;

namespace LocalDapr.Tests;

public sealed class LocalSidecarTests
{
    [Fact]
    public async Task A_port_in_use_is_named_with_its_app_and_the_data_is_free_again()
    {
        using var folder = new TemporaryFolder();
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        Directory.CreateDirectory(Path.Combine(folder.Path, "resources"));

        var refusal = await Assert.ThrowsAsync<SidecarPortException>(() => StartAsync(folder, new SidecarApp("free", 0, []), new SidecarApp("shop", port, [])));

        Assert.Equal(port, refusal.Port);
        Assert.StartsWith($"Port {port} for the sidecar of shop is in use", refusal.Message, StringComparison.Ordinal);
        await using var sidecar = await StartAsync(folder, new SidecarApp("shop", 0, []));
        Assert.NotEqual(0, sidecar.EndpointOf("shop").Port);
    }

    [Fact]
    public async Task A_gRPC_port_in_use_is_named_too()
    {
        using var folder = new TemporaryFolder();
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        Directory.CreateDirectory(Path.Combine(folder.Path, "resources"));

        var refusal = await Assert.ThrowsAsync<SidecarPortException>(() => StartAsync(folder, new SidecarApp("shop", 0, []) { DaprGrpcPort = port }));

        Assert.Equal(port, refusal.Port);
        Assert.EndsWith("set another daprGRPCPort.", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_of_components_that_is_not_there_is_refused()
    {
        using var folder = new TemporaryFolder();

        await Assert.ThrowsAsync<SidecarConfigurationException>(() => StartAsync(folder, new SidecarApp("shop", 0, [])));
    }

    [Fact]
    public async Task Each_app_id_has_its_own_endpoint_and_name()
    {
        await using var one = await TestApp.StartAsync("one");
        await using var two = await TestApp.StartAsync("two");
        await using var sidecar = await SidecarUnderTest.StartAsync(one, two);

        foreach (var appId in new[] { "one", "two" })
        {
            using var http = sidecar.ClientOf(appId);
            Assert.Contains($"\"id\":\"{appId}\"", await http.GetStringAsync("/v1.0/metadata"), StringComparison.Ordinal);
        }

        Assert.Throws<KeyNotFoundException>(() => sidecar.Sidecar.EndpointOf("three"));
        Assert.True(File.Exists(sidecar.Sidecar.DatabasePath));
    }

    [Fact]
    public async Task A_body_of_unknown_length_is_refused_beyond_the_limit()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1.0/publish/pubsub/orders") { Content = new StringContent(new string('x', (4 * 1024 * 1024) + 1)) };
        request.Headers.TransferEncodingChunked = true;

        using var refused = await sidecar.Http.SendAsync(request);

        await SidecarUnderTest.AssertErrorAsync(refused, 500, "ERR_PUBSUB_PUBLISH_MESSAGE", "stream too large");
    }

    private static Task<LocalSidecar> StartAsync(TemporaryFolder folder, params SidecarApp[] apps) => LocalSidecar.StartAsync(new SidecarOptions
    {
        DataPath = Path.Combine(folder.Path, "data"),
        ResourcesPath = Path.Combine(folder.Path, "resources"),
        Apps = apps,
    });
}
