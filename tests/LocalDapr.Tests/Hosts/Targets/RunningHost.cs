using System.Text.Json;

namespace LocalDapr.Tests;

/// <summary>One sidecar that somebody else started, with components of its own. Its app is asked for its subscriptions once, and so is one app for the whole run.</summary>
internal sealed class RunningHost : ISidecarHost
{
    private static readonly SemaphoreSlim OneCase = new(1);

    private RunningHost(string appId, BrokerProfile broker, StoreProfile store, DaprVersion version) => (AppId, Broker, Store, Version) = (appId, broker, store, version);

    /// <summary>The app id of the running sidecar.</summary>
    public string AppId { get; }

    public BrokerProfile Broker { get; }

    public StoreProfile Store { get; }

    public DaprVersion Version { get; }

    public string Suffix => "";

    public static async Task<RunningHost> StartAsync(string[] resources, Setup setup, IReadOnlyList<TestApp> apps)
    {
        string[] usual = [SidecarUnderTest.PubSub, SidecarUnderTest.Store];
        Assert.SkipUnless(resources.All(usual.Contains) && resources.Contains(SidecarUnderTest.Store), "a running sidecar has its own resources: this case needs others, or fewer");
        Assert.SkipWhen(setup.EndsIt, "a sidecar that others use is not shut down");
        Assert.SkipUnless(apps.Count == 0, "a running sidecar asked its app for subscriptions once, before this case: it needs FINDME_DAPRD");
        Assert.SkipUnless(setup is { AppApiToken: null, DaprApiToken: null, MaxConcurrency: -1, Tracing: false }, "a running sidecar has its own flags: this case needs others");
        await OneCase.WaitAsync();
        try
        {
            using var http = Client();
            using var metadata = JsonDocument.Parse(await http.GetStringAsync("/v1.0/metadata"));
            var types = metadata.RootElement.GetProperty("components").EnumerateArray()
                .ToDictionary(component => component.GetProperty("name").GetString()!, component => component.GetProperty("type").GetString()!);
            Assert.SkipUnless(types.ContainsKey("pubsub") && types.ContainsKey("statestore"), "the running sidecar has no components named pubsub and statestore");
            var version = ConformanceTarget.VersionOf(metadata.RootElement.GetProperty("runtimeVersion").GetString()!);
            var broker = types["pubsub"].StartsWith("pubsub.azure.servicebus", StringComparison.Ordinal) ? BrokerProfile.ServiceBus
                : types["pubsub"] == "pubsub.rabbitmq" ? BrokerProfile.RabbitMq
                : version == DaprVersion.V116 ? BrokerProfile.Redis116 : BrokerProfile.Redis118;
            var store = types["statestore"] == "state.redis" ? StoreProfile.Redis : types["statestore"] == "state.postgresql" ? StoreProfile.PostgreSql : StoreProfile.Sqlite;
            Assert.SkipUnless((setup.Broker ?? broker) == broker && (setup.Store ?? store) == store, $"this case is for {setup.Broker} {setup.Store}; the target is {broker}, {store}");
            await ForgetAsync(http);
            return new RunningHost(metadata.RootElement.GetProperty("id").GetString()!, broker, store, version);
        }
        catch
        {
            OneCase.Release();
            throw;
        }
    }

    public Uri EndpointOf(string appId) => new(ConformanceTarget.Endpoint!);

    public Uri? GrpcEndpointOf(string appId) => ConformanceTarget.GrpcEndpoint is { } endpoint ? new Uri(endpoint) : null;

    public Task EndedAsync(string appId) => throw new InvalidOperationException("a case that ends its sidecar says so in its setup");

    public Task SettledAsync() => Task.Delay(Timeouts.Quiet, CancellationToken.None);

    public ValueTask DisposeAsync()
    {
        OneCase.Release();
        return ValueTask.CompletedTask;
    }

    private static HttpClient Client()
    {
        var http = new HttpClient { BaseAddress = new Uri(ConformanceTarget.Endpoint!) };
        http.DefaultRequestHeaders.TryAddWithoutValidation("dapr-api-token", ConformanceTarget.Setting("DAPR_API_TOKEN"));
        return http;
    }

    // Deletes the keys that an earlier case may have left.
    private static async Task ForgetAsync(HttpClient http)
    {
        foreach (var key in new[] { "key", "other", "a", "b", "c", "none", "old", "new", "third", "short", "long", "ever", "k", "a%2Fb", "a%20b", "a%2Bb", "%C3%A9%252F", "a%20b%3Fc" })
        {
            using var _ = await http.DeleteAsync($"/v1.0/state/statestore/{key}");
        }
    }
}
