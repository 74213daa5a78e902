using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace LocalDapr.Tests;

/// <summary>Runs a daprd process for each replica of each app, on Redis or on RabbitMQ and PostgreSQL.</summary>
internal sealed class DaprdHost : ISidecarHost
{
    private const string Tracing = """
        apiVersion: dapr.io/v1alpha1
        kind: Configuration
        metadata: { name: tests }
        spec: { tracing: { samplingRate: "1", stdout: true } }
        """;

    private readonly List<(string AppId, Process Process, Uri Endpoint, Uri GrpcEndpoint, Task<string> Output)> _sidecars = [];

    public BrokerProfile Broker { get; private set; }

    public StoreProfile Store { get; } = ConformanceTarget.Store;

    public DaprVersion Version { get; private set; }

    public string Suffix { get; } = $"-{Guid.NewGuid():N}";

    public static async Task<DaprdHost> StartAsync(
        TemporaryFolder folder, string[] resources, Setup setup, IReadOnlyList<SidecarApp> apps, IReadOnlyList<TestApp> listeners)
    {
        var host = new DaprdHost();
        foreach (var app in listeners)
        {
            app.TopicSuffix = host.Suffix;
        }

        try
        {
            var resourcesPath = Directory.CreateDirectory(Path.Combine(folder.Path, "resources")).FullName;
            for (var i = 0; i < resources.Length; i++)
            {
                await File.WriteAllTextAsync(Path.Combine(resourcesPath, $"{i}.yaml"), host.ForTarget(resources[i]));
            }

            var configuration = setup.Tracing ? Path.Combine(folder.Path, "configuration.yaml") : null;
            if (configuration is not null)
            {
                await File.WriteAllTextAsync(configuration, Tracing);
            }

            foreach (var (app, port) in apps.SelectMany(app => app.AppPorts.Select(port => (int?)port).DefaultIfEmpty(null).Select(port => (app, port))))
            {
                host.Start(app, port, resourcesPath, configuration, setup);
            }

            foreach (var (_, process, endpoint, _, output) in host._sidecars)
            {
                await UntilOutboundAsync(process, endpoint, output, setup.DaprApiToken);
            }

            await host.RecogniseAsync(setup);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    public Uri EndpointOf(string appId) => _sidecars.First(sidecar => sidecar.AppId == appId).Endpoint;

    public Uri? GrpcEndpointOf(string appId) => _sidecars.First(sidecar => sidecar.AppId == appId).GrpcEndpoint;

    public Task EndedAsync(string appId) =>
        _sidecars.First(sidecar => sidecar.AppId == appId).Process.WaitForExitAsync().WaitAsync(Timeouts.Time);

    public Task SettledAsync() => Task.Delay(Timeouts.Quiet, CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        foreach (var (_, process, _, _, _) in _sidecars.Where(sidecar => !sidecar.Process.HasExited))
        {
            // SIGTERM, so that the consumer does not leave unacknowledged events behind.
            using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
            await kill.WaitForExitAsync();
        }

        foreach (var (_, process, _, _, _) in _sidecars)
        {
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            await process.WaitForExitAsync(deadline.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!process.HasExited)
            {
                process.Kill();
            }

            process.Dispose();
        }
    }

    // Replaces the case's broker and store by the target's, with prefixes unique to the run.
    private string ForTarget(string resource)
    {
        var broker = ConformanceTarget.HasRabbitMq ? BrokerProfile.RabbitMq : BrokerProfile.Redis118;
        var yaml = TargetComponents.For(broker, Store, resource)
            .Replace(SidecarUnderTest.TopicMark, Suffix, StringComparison.Ordinal)
            .Replace("localhost:6379", ConformanceTarget.Redis, StringComparison.Ordinal);
        return resource == SidecarUnderTest.Store ? yaml.Replace("value: none", $"value: tests{Suffix}", StringComparison.Ordinal) : yaml;
    }

    private void Start(SidecarApp app, int? appPort, string resourcesPath, string? configuration, Setup setup)
    {
        var (port, grpcPort) = (FreePort(), FreePort());
        var start = new ProcessStartInfo(ConformanceTarget.Daprd!) { RedirectStandardOutput = true, RedirectStandardError = true };
        string[] arguments =
        [
            "--app-id", app.AppId, "--dapr-http-port", $"{port}", "--dapr-grpc-port", $"{grpcPort}", "--dapr-internal-grpc-port", $"{FreePort()}",
            "--dapr-listen-addresses", "127.0.0.1", "--enable-metrics=false", "--log-level", "warn", "--resources-path", resourcesPath,
            .. appPort is null ? Array.Empty<string>() : ["--app-port", $"{appPort}", "--app-protocol", "http", "--app-max-concurrency", $"{app.MaxConcurrency}"],
            .. configuration is null ? Array.Empty<string>() : ["--config", configuration],
        ];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        SetOrRemove("DAPR_API_TOKEN", setup.DaprApiToken);
        SetOrRemove("APP_API_TOKEN", setup.AppApiToken);
        var process = Process.Start(start)!;
        var output = ReadAsync(process);
        _sidecars.Add((app.AppId, process, new Uri($"http://127.0.0.1:{port}"), new Uri($"http://127.0.0.1:{grpcPort}"), output));

        void SetOrRemove(string name, string? value)
        {
            if (value is null)
            {
                start.Environment.Remove(name);
            }
            else
            {
                start.Environment[name] = value;
            }
        }

        static async Task<string> ReadAsync(Process process)
        {
            var texts = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            return string.Join('\n', texts);
        }
    }

    private static async Task UntilOutboundAsync(Process process, Uri endpoint, Task<string> output, string? token)
    {
        using var http = new HttpClient { BaseAddress = endpoint };
        http.DefaultRequestHeaders.TryAddWithoutValidation("dapr-api-token", token);
        await Eventually.TrueAsync(
            async () =>
            {
                if (process.HasExited)
                {
                    Assert.Fail($"daprd ended with {process.ExitCode}: {await output}");
                }

                try
                {
                    using var response = await http.GetAsync("/v1.0/healthz/outbound");
                    return response.StatusCode == HttpStatusCode.NoContent;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            seconds: (int)Timeouts.Time.TotalSeconds);
    }

    // On Redis, daprd up to 1.16 keeps failed events pending, later versions acknowledge them. Our standalone sidecar reports the version that it imitates.
    private async Task RecogniseAsync(Setup setup)
    {
        using var http = new HttpClient { BaseAddress = _sidecars[0].Endpoint };
        http.DefaultRequestHeaders.TryAddWithoutValidation("dapr-api-token", setup.DaprApiToken);
        using var metadata = JsonDocument.Parse(await http.GetStringAsync("/v1.0/metadata"));
        var version = metadata.RootElement.GetProperty("runtimeVersion").GetString()!;
        Version = ConformanceTarget.VersionOf(version);
        Broker = ConformanceTarget.HasRabbitMq ? BrokerProfile.RabbitMq : Version == DaprVersion.V116 ? BrokerProfile.Redis116 : BrokerProfile.Redis118;
        Assert.SkipWhen(
            version.EndsWith("-local", StringComparison.Ordinal) && _sidecars.Count > 1,
            "each standalone sidecar is a broker and a store of its own: a case with several apps needs a shared one");
        Assert.SkipUnless((setup.Broker ?? Broker) == Broker, $"this is for the {setup.Broker} profile; the target is daprd {version} on {Broker}");
        Assert.SkipUnless((setup.Store ?? Store) == Store, $"this is for the {setup.Store} profile; the target's store is {Store}");
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
