using System.Net;
using System.Text;
using System.Text.Json;

namespace FindMe.Sidecar.Tests;

/// <summary>How a test gets a sidecar for some components and apps. The conformance cases use nothing but its HTTP endpoints.</summary>
public sealed class SidecarUnderTest : IAsyncDisposable
{
    public const string PubSub = """
        apiVersion: dapr.io/v1alpha1
        kind: Component
        metadata:
          name: pubsub
        spec:
          type: pubsub.redis
          version: v1
          metadata:
            - name: redisHost
              value: localhost:6379
        """;

    public const string Store = """
        apiVersion: dapr.io/v1alpha1
        kind: Component
        metadata:
          name: statestore
        spec:
          type: state.sqlite
          version: v1
          metadata:
            - name: keyPrefix
              value: none
        """;

    /// <summary>Retries at once, without end: for cases that must not wait.</summary>
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

    private readonly TemporaryFolder _folder;
    private readonly bool _ownsFolder;

    private SidecarUnderTest(LocalSidecar sidecar, TemporaryFolder folder, bool ownsFolder, string firstApp)
    {
        Sidecar = sidecar;
        _folder = folder;
        _ownsFolder = ownsFolder;
        Http = ClientOf(firstApp);
    }

    public LocalSidecar Sidecar { get; }

    /// <summary>Speaks to the first app's sidecar.</summary>
    public HttpClient Http { get; }

    public static Task<SidecarUnderTest> StartAsync(params TestApp[] apps) => StartAsync([PubSub, Store], apps);

    public static Task<SidecarUnderTest> StartAsync(string[] resources, params TestApp[] apps) => StartAsync(resources, new Setup(), apps);

    public static async Task<SidecarUnderTest> StartAsync(string[] resources, Setup setup, params TestApp[] apps)
    {
        var folder = setup.Folder ?? new TemporaryFolder();
        var resourcesPath = Directory.CreateDirectory(Path.Combine(folder.Path, "resources")).FullName;
        await File.WriteAllTextAsync(Path.Combine(resourcesPath, "all.yaml"), string.Join("\n---\n", resources));
        var served = apps.GroupBy(app => app.AppId)
            .Select(replicas => new SidecarApp(replicas.Key, 0, [.. replicas.Select(replica => replica.Port)], setup.MaxConcurrency))
            .ToList();
        var sidecar = await LocalSidecar.StartAsync(new SidecarOptions
        {
            DataPath = Path.Combine(folder.Path, "data"),
            ResourcesPath = resourcesPath,
            Apps = served.Count > 0 ? served : [new SidecarApp("caller", 0, [])],
            DaprApiToken = setup.DaprApiToken,
            AppApiToken = setup.AppApiToken,
            Chaos = setup.Chaos,
            Intercept = setup.Intercept,
            TimeProvider = setup.Time ?? TimeProvider.System,
        });
        var test = new SidecarUnderTest(sidecar, folder, setup.Folder is null, served.Count > 0 ? served[0].AppId : "caller");
        if (setup.Await)
        {
            foreach (var app in served.Where(app => app.AppPorts.Count > 0))
            {
                await test.UntilReadyAsync(app.AppId);
            }
        }

        return test;
    }

    public HttpClient ClientOf(string appId) => new() { BaseAddress = Sidecar.EndpointOf(appId) };

    /// <summary>Waits until an app was asked for its subscriptions.</summary>
    public async Task UntilReadyAsync(string appId)
    {
        using var http = ClientOf(appId);
        await Eventually.TrueAsync(async () => (await http.GetAsync("/v1.0/healthz")).StatusCode == HttpStatusCode.NoContent);
    }

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

    /// <summary>Saves one key; the ETag goes in when given.</summary>
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

    /// <summary>A header as it was sent, which .NET's typed headers refuse when it is no valid HTTP.</summary>
    public static string? Raw(HttpResponseMessage response, string name) =>
        response.Headers.NonValidated.TryGetValues(name, out var values) ? values.ToString() : null;

    /// <summary>Asserts daprd's error shape.</summary>
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
        await Sidecar.DisposeAsync();
        if (_ownsFolder)
        {
            _folder.Dispose();
        }
    }
}

/// <summary>What a test wants other than usual.</summary>
public sealed record Setup
{
    /// <summary>Kept by the test, for a second sidecar on the same data; null for one of its own.</summary>
    public TemporaryFolder? Folder { get; init; }

    public string? DaprApiToken { get; init; }

    public string? AppApiToken { get; init; }

    public int MaxConcurrency { get; init; } = -1;

    public TimeProvider? Time { get; init; }

    public ChaosOptions? Chaos { get; init; }

    public Func<InterceptedCall, Task>? Intercept { get; init; }

    /// <summary>Whether to wait until the apps were asked for their subscriptions.</summary>
    public bool Await { get; init; } = true;
}
