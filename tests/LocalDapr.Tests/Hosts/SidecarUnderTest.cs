using System.Net;
using System.Text;
using System.Text.Json;
using Dapr.Client;
using Grpc.Net.Client;

namespace LocalDapr.Tests;

/// <summary>A sidecar for the components and apps of a test. Conformance cases use only its endpoints.</summary>
public sealed class SidecarUnderTest : IAsyncDisposable
{
    /// <summary>Placeholder after each topic in a case's YAML, replaced by the topic suffix of a shared broker.</summary>
    public const string TopicMark = "~";

    public const string Store = """
        apiVersion: dapr.io/v1alpha1
        kind: Component
        metadata:
          name: statestore
        spec:
          type: state.sqlite
          version: v1
          metadata:
            - name: redisHost
              value: localhost:6379
            - name: keyPrefix
              value: none
        """;

    public static readonly string PubSub = PubSubWith();

    private readonly ISidecarHost _host;
    private readonly TemporaryFolder? _ownFolder;
    private readonly Setup _setup;

    private SidecarUnderTest(ISidecarHost host, TemporaryFolder? ownFolder, string firstApp, Setup setup)
    {
        _host = host;
        _ownFolder = ownFolder;
        _setup = setup;
        FirstApp = firstApp;
        Http = ClientOf(firstApp);
    }

    /// <summary>The local sidecar itself; not for conformance cases.</summary>
    public LocalSidecar Sidecar => ((LocalHost)_host).Sidecar;

    /// <summary>The injected faults; only for tests with faults.</summary>
    public FaultInjection Faults => _setup.Faults!;

    public BrokerProfile Broker => _host.Broker;

    public StoreProfile StateStore => _host.Store;

    public DaprVersion Version => _host.Version;

    /// <summary>The app id of <see cref="Http"/>.</summary>
    public string FirstApp { get; }

    /// <summary>A client of the first app's sidecar.</summary>
    public HttpClient Http { get; }

    /// <summary>Returns the component <c>pubsub</c> with additional settings.</summary>
    public static string PubSubWith(params (string Name, string Value)[] settings) => $"""
        apiVersion: dapr.io/v1alpha1
        kind: Component
        metadata:
          name: pubsub
        spec:
          type: pubsub.redis
          version: v1
          metadata:
            - name: redisHost
              value: localhost:6379{string.Concat(settings.Select(setting => $"\n    - name: {setting.Name}\n      value: \"{setting.Value}\""))}
        """;

    /// <summary>A policy that retries at once and without limit, for fast cases.</summary>
    public static string Retries(int maxRetries, string duration = "1ms", string timeout = "60s", string matching = "") => $$"""
        apiVersion: dapr.io/v1alpha1
        kind: Resiliency
        metadata:
          name: tests
        spec:
          policies:
            timeouts: { slow: {{timeout}} }
            retries:
              again: { policy: constant, duration: {{duration}}, maxRetries: {{maxRetries}}{{(matching.Length > 0 ? $", matching: {{ httpStatusCodes: \"{matching}\" }}" : "")}} }
          targets:
            components:
              pubsub: { inbound: { retry: again, timeout: slow } }
        """;

    public static Task<SidecarUnderTest> StartAsync(params TestApp[] apps) => StartAsync([PubSub, Store], apps);

    public static Task<SidecarUnderTest> StartAsync(string[] resources, params TestApp[] apps) => StartAsync(resources, new Setup(), apps);

    public static async Task<SidecarUnderTest> StartAsync(string[] resources, Setup setup, params TestApp[] apps)
    {
        var served = apps.GroupBy(app => app.AppId)
            .Select(replicas => new SidecarApp(replicas.Key, 0, [.. replicas.Select(replica => replica.Port)], setup.MaxConcurrency))
            .ToList();
        if (served.Count == 0)
        {
            served.Add(new SidecarApp("caller", 0, []));
        }

        var ownFolder = setup.Folder is null ? new TemporaryFolder() : null;
        ISidecarHost host;
        try
        {
            var folder = setup.Folder ?? ownFolder!;
            host = !ConformanceTarget.IsReal ? await LocalHost.StartAsync(folder, resources, setup, served)
                : setup.IsLocalOnly is { } reason ? throw Skip(reason)
                : ConformanceTarget.Daprd is not null ? await DaprdHost.StartAsync(folder, resources, setup, served, apps)
                : await RunningHost.StartAsync(resources, setup, apps);
        }
        catch
        {
            ownFolder?.Dispose();
            throw;
        }

        foreach (var app in apps)
        {
            app.TopicSuffix = host.Suffix;
        }

        var test = new SidecarUnderTest(host, ownFolder, host is RunningHost running ? running.AppId : served[0].AppId, setup);
        if (setup.Await)
        {
            foreach (var app in served.Where(app => app.AppPorts.Count > 0))
            {
                await test.UntilReadyAsync(app.AppId);
            }
        }

        return test;

        static Exception Skip(string reason)
        {
            Assert.Skip(reason);
            return new InvalidOperationException(reason);
        }
    }

    public HttpClient ClientOf(string appId)
    {
        HttpMessageHandler transport = new SocketsHttpHandler();
        if (OverGrpcAttribute.IsOnThisTest)
        {
            Assert.SkipWhen(_host.GrpcEndpointOf(appId) is null, "the running sidecar's gRPC endpoint is not known: it needs DAPR_GRPC_ENDPOINT");
            transport = new GrpcTranslation(_host.GrpcEndpointOf(appId)!);
        }

        var http = new HttpClient(new TopicSuffix(_host.Suffix, transport)) { BaseAddress = _host.EndpointOf(appId) };
        if (_setup.DaprApiToken is null && ConformanceTarget.IsReal && ConformanceTarget.Setting("DAPR_API_TOKEN") is { } token)
        {
            http.DefaultRequestHeaders.TryAddWithoutValidation("dapr-api-token", token);
        }

        return http;
    }

    /// <summary>Creates Dapr's client for an app's sidecar. The caller disposes of it.</summary>
    /// <param name="appId">The app; null for the first.</param>
    /// <param name="token">The API token; null for the target's token, if any.</param>
    public DaprClient DaprClientOf(string? appId = null, string? token = null)
    {
        var grpc = _host.GrpcEndpointOf(appId ?? FirstApp);
        Assert.SkipWhen(grpc is null, "the running sidecar's gRPC endpoint is not known: it needs DAPR_GRPC_ENDPOINT");
        var builder = new DaprClientBuilder()
            .UseHttpEndpoint(_host.EndpointOf(appId ?? FirstApp).GetLeftPart(UriPartial.Authority))
            .UseGrpcEndpoint(grpc.GetLeftPart(UriPartial.Authority))
            // Above the sidecar's limit, so that tests see the sidecar's limit and not the client's.
            .UseGrpcChannelOptions(new GrpcChannelOptions { MaxReceiveMessageSize = 64 << 20, ThrowOperationCanceledOnCancellation = true });
        return (token ?? (ConformanceTarget.IsReal ? ConformanceTarget.Setting("DAPR_API_TOKEN") : null)) is { } known ? builder.UseDaprApiToken(known).Build() : builder.Build();
    }

    /// <summary>Returns a topic's name on the target, for requests that are not translated.</summary>
    public string TopicOf(string topic) => topic + _host.Suffix;

    /// <summary>Waits until the sidecar has read an app's subscriptions.</summary>
    public async Task UntilReadyAsync(string appId)
    {
        using var http = ClientOf(appId);
        await Eventually.TrueAsync(
            async () => (await http.GetAsync("/v1.0/healthz")).StatusCode == HttpStatusCode.NoContent, (int)Timeouts.Time.TotalSeconds);
    }

    /// <summary>Waits until all events are settled, as far as the target shows it.</summary>
    public Task SettledAsync() => _host.SettledAsync();

    /// <summary>Waits until the first app's sidecar has stopped, or has requested its shutdown.</summary>
    public Task EndedAsync() => _host.EndedAsync(FirstApp);

    public async Task PublishAsync(string json, string topic = "orders", string query = "")
    {
        using var response = await PostAsync($"/v1.0/publish/pubsub/{topic}{query}", json);
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
    }

    public Task<HttpResponseMessage> PostAsync(string path, string body, string contentType = "application/json")
    {
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        return Http.PostAsync(path, content);
    }

    /// <summary>Saves one key, with an optional ETag.</summary>
    public Task<HttpResponseMessage> SaveAsync(string key, string value, string? etag = null, string more = "") => PostAsync(
        "/v1.0/state/statestore",
        $$"""[{"key":{{JsonSerializer.Serialize(key)}},"value":{{value}}{{(etag is null ? "" : $",\"etag\":\"{etag}\"")}}{{more}}}]""");

    public async Task<(string Value, string ETag)?> GetAsync(string key)
    {
        using var response = await Http.GetAsync($"/v1.0/state/statestore/{Uri.EscapeDataString(key)}");
        if (response.StatusCode == HttpStatusCode.NoContent)
        {
            return null;
        }

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return (await response.Content.ReadAsStringAsync(), Raw(response, "ETag")!);
    }

    /// <summary>Returns a raw header, which .NET's typed headers reject when it is invalid.</summary>
    public static string? Raw(HttpResponseMessage response, string name) =>
        response.Headers.NonValidated.TryGetValues(name, out var values) ? values.ToString() : null;

    /// <summary>Asserts an error response of daprd.</summary>
    public static async Task<JsonElement> AssertErrorAsync(HttpResponseMessage response, int status, string errorCode, string messagePart = "")
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.Equal((status, "application/json"), ((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        var error = JsonDocument.Parse(text).RootElement.Clone();
        Assert.Equal(errorCode, error.GetProperty("errorCode").GetString());
        Assert.Contains(messagePart, error.GetProperty("message").GetString(), StringComparison.Ordinal);
        return error;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _host.DisposeAsync();
        _ownFolder?.Dispose();
    }
}
