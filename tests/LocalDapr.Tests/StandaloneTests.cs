using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Dapr.Client;

namespace LocalDapr.Tests;

public sealed class StandaloneTests
{
    [Fact]
    public async Task With_daprds_flags_it_serves_an_app_keeps_its_data_and_ends_on_a_signal()
    {
        using var folder = new TemporaryFolder();
        var resources = Directory.CreateDirectory(Path.Combine(folder.Path, "resources")).FullName;
        var more = Directory.CreateDirectory(Path.Combine(folder.Path, "more")).FullName;
        await File.WriteAllTextAsync(Path.Combine(resources, "pubsub.yaml"), SidecarUnderTest.PubSub);
        await File.WriteAllTextAsync(Path.Combine(more, "store.yaml"), SidecarUnderTest.Store);
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        app.TopicSuffix = "";
        var (port, grpcPort) = (FreePort(), FreePort());
        using var process = LocalDaprCommand.Start(
            new() { ["DAPR_API_TOKEN"] = "in", ["APP_API_TOKEN"] = "out" },
            "--app-id", "shop", $"-app-port={app.Port}", "--dapr-http-port", $"{port}", "-dapr-grpc-port", $"{grpcPort}", "--resources-path", resources,
            "--components-path", more, "--app-max-concurrency", "2", "--max-body-size", "1Ki", "--enable-metrics=false", "--log-level", "warn",
            "--data", Path.Combine(folder.Path, "data"));
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        await Eventually.TrueAsync(async () => await IsReadyAsync(http));

        using var refused = await http.GetAsync("/v1.0/metadata");
        http.DefaultRequestHeaders.Add("dapr-api-token", "in");
        using var published = await http.PostAsync("/v1.0/publish/pubsub/orders", new StringContent("1"));
        using var tooLarge = await http.PostAsync("/v1.0/publish/pubsub/orders", new StringContent(new string('x', 1026)));
        using var saved = await http.PostAsync("/v1.0/state/statestore", new StringContent("""[{"key":"k","value":1}]"""));
        using var read = await http.GetAsync("/v1.0/state/statestore/k");
        using var metadata = JsonDocument.Parse(await http.GetStringAsync("/v1.0/metadata"));
        using var dapr = new DaprClientBuilder().UseGrpcEndpoint($"http://127.0.0.1:{grpcPort}").UseDaprApiToken("in").Build();
        var overGrpc = await dapr.GetStateAsync<int>("statestore", "k");

        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, published.StatusCode);
        Assert.Equal("out", (await app.NextAsync()).Headers["dapr-api-token"]);
        Assert.Equal(HttpStatusCode.InternalServerError, tooLarge.StatusCode);
        Assert.NotNull(SidecarUnderTest.Raw(read, "ETag"));
        Assert.Equal(1, overGrpc);
        Assert.StartsWith("1.18.", metadata.RootElement.GetProperty("runtimeVersion").GetString(), StringComparison.Ordinal);
        using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(0, process.ExitCode);
        var output = await process.StandardOutput.ReadToEndAsync();
        Assert.Contains("--enable-metrics has no effect here.", output, StringComparison.Ordinal);
        Assert.Contains($"The sidecar of shop is at http://127.0.0.1:{port}/, for gRPC at http://127.0.0.1:{grpcPort}/", output, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(folder.Path, "data", "sidecar.db")));
    }

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task A_signal_lets_a_delivery_that_takes_four_seconds_end_and_truncates_the_log(string signal)
    {
        using var folder = new TemporaryFolder();
        var resources = Directory.CreateDirectory(Path.Combine(folder.Path, "resources")).FullName;
        await File.WriteAllTextAsync(Path.Combine(resources, "pubsub.yaml"), SidecarUnderTest.PubSub);
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        app.TopicSuffix = "";
        var handled = new TaskCompletionSource();
        app.Handler = async (_, aborted) =>
        {
            // Longer than System.CommandLine's termination timeout of two seconds.
            await Task.Delay(TimeSpan.FromSeconds(4), aborted);
            handled.TrySetResult();
            return AppReply.Ok;
        };
        var data = Path.Combine(folder.Path, "data");
        var port = FreePort();
        using var process = LocalDaprCommand.Start([], "--app-id", "shop", "--app-port", $"{app.Port}", "--dapr-http-port", $"{port}", "--dapr-grpc-port", "0", "--resources-path", resources, "--data", data);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        await Eventually.TrueAsync(async () => await IsReadyAsync(http));
        using var published = await http.PostAsync("/v1.0/publish/pubsub/orders", new StringContent("1"));
        await app.NextAsync();

        using var kill = Process.Start("kill", [$"-{signal}", $"{process.Id}"]);
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(15));

        Assert.Equal(0, process.ExitCode);
        Assert.True(handled.Task.IsCompletedSuccessfully);
        Assert.False(File.Exists(Path.Combine(data, "sidecar.db-wal")));
    }

    [Theory]
    [InlineData("--app-ids", "'--app-ids'")]
    [InlineData("--max-body-size=much", "'much'")]
    public async Task What_it_does_not_know_is_refused_by_name(string flag, string named)
    {
        using var folder = new TemporaryFolder();
        using var process = LocalDaprCommand.Start([], "--app-id", "shop", "--resources-path", folder.Path, "--dapr-http-port", "0", "--dapr-grpc-port", "0", flag);

        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(20));

        Assert.Equal(1, process.ExitCode);
        Assert.Contains(named, error, StringComparison.Ordinal);
    }

    private static async Task<bool> IsReadyAsync(HttpClient http)
    {
        try
        {
            using var response = await http.GetAsync("/v1.0/healthz");
            return response.StatusCode == HttpStatusCode.NoContent;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
