using Microsoft.Extensions.Logging.Abstractions;

namespace LocalDapr.Tests.Resources;

public sealed class DeclaredResourcesTests
{
    [Theory]
    [InlineData("pubsub.redis", "", 10)]
    [InlineData("pubsub.redis", "{ name: concurrency, value: \"2\" }", 2)]
    [InlineData("pubsub.azure.servicebus.topics", "", 10)]
    [InlineData("pubsub.azure.servicebus.topics", "{ name: maxActiveMessages, value: 4 }", 4)]
    [InlineData("pubsub.azure.servicebus.topics", "{ name: maxActiveMessages, value: 4 }, { name: MaxConcurrentHandlers, value: 2 }", 2)]
    public void A_replicas_concurrency_is_bounded_by_what_the_broker_calls_it(string type, string metadata, int concurrency)
    {
        var resources = Load($$"""
            kind: Component
            metadata: { name: pubsub }
            spec: { type: {{type}}, version: v1, metadata: [{{metadata}}] }
            """);

        Assert.Equal(concurrency, Assert.Single(resources.Components).Concurrency);
    }

    [Fact]
    public void A_secret_is_left_out_and_other_kinds_are_passed_over()
    {
        var resources = Load("""
            kind: Component
            metadata: { name: store }
            spec:
              type: state.redis
              metadata:
                - { name: redisPassword, secretKeyRef: { name: x, key: y } }
                - { name: keyPrefix, value: none }
            auth: { secretStore: local }
            ---
            kind: Configuration
            metadata: { name: tracing }
            """);

        var store = Assert.Single(resources.Components);
        Assert.Equal(["keyPrefix"], store.Metadata.Keys);
        Assert.Equal("", store.PrefixOf("app"));
    }

    [Fact]
    public void A_resiliency_policy_is_read_with_Daprs_defaults_and_only_for_its_scopes()
    {
        var resources = Load("""
            kind: Resiliency
            metadata: { name: r }
            scopes: [shop]
            spec:
              policies:
                timeouts: { slow: 1m30s }
                retries:
                  plain: {}
                  growing: { policy: exponential, maxInterval: 2s, maxRetries: 3 }
              targets:
                components:
                  one: { inbound: { retry: plain, timeout: slow } }
                  two: { inbound: { retry: growing } }
            """);

        var plain = resources.InboundOf("shop", "one");
        Assert.Equal(TimeSpan.FromSeconds(90), plain.Timeout);
        Assert.Equal(TimeSpan.FromSeconds(5), plain.Retry!.NextDelay(1000, TimeSpan.FromHours(1), 500));
        var growing = resources.InboundOf("shop", "two").Retry!;
        Assert.InRange(growing.NextDelay(0, TimeSpan.Zero, 500)!.Value.TotalSeconds, 0.25, 0.75);
        Assert.InRange(growing.NextDelay(2, TimeSpan.Zero, null)!.Value.TotalSeconds, 0.5, 1.7);
        Assert.Null(growing.NextDelay(3, TimeSpan.Zero, 500));
        Assert.Null(growing.NextDelay(0, TimeSpan.FromMinutes(15), 500));
        Assert.Same(InboundPolicy.None, resources.InboundOf("other", "one"));
        Assert.Same(InboundPolicy.None, resources.InboundOf("shop", "three"));
    }

    [Theory]
    [InlineData("kind: Component\nspec: { type: pubsub.redis }", "no metadata.name")]
    [InlineData("kind: Component\nmetadata: { name: x }", "no spec.type")]
    [InlineData("kind: Resiliency\nspec: { policies: { timeouts: { a: soon } } }", "'soon' of a is not a duration")]
    [InlineData("kind: Resiliency\nspec: { policies: { retries: { a: { policy: linear } } } }", "policy 'linear'")]
    [InlineData("kind: Resiliency\nspec: { targets: { components: { a: { inbound: { retry: b } } } } }", "policy b is used but not defined")]
    [InlineData("kind: Subscription\nspec: { pubsubname: p, topic: t }", "has no route")]
    public void What_cannot_be_understood_is_refused_with_its_file(string yaml, string reason)
    {
        var refusal = Assert.Throws<SidecarConfigurationException>(() => Load(yaml));

        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
        Assert.Contains("one.yaml", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("300ms", 300)]
    [InlineData("1m30s", 90_000)]
    [InlineData("1.5h", 5_400_000)]
    [InlineData("0", 0)]
    [InlineData("-2s", -2000)]
    [InlineData("10", null)]
    [InlineData("s", null)]
    [InlineData("", null)]
    [InlineData("1 s", null)]
    [InlineData("1w", null)]
    [InlineData("99999999999999h", null)]
    public void Durations_are_Gos(string text, int? milliseconds) =>
        Assert.Equal(milliseconds, GoDuration.TryParse(text, out var duration) ? (int)duration.TotalMilliseconds : null);

    private static DeclaredResources Load(string yaml)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(Path.Combine(folder.Path, "one.yaml"), yaml);
        return DeclaredResources.Load([folder.Path], NullLogger.Instance);
    }
}
