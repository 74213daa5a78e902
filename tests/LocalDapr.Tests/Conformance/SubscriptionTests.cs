namespace LocalDapr.Tests.Conformance;

public class SubscriptionTests
{
    private const string Discovery = "pkg/runtime/pubsub/subscriptions.go GetSubscriptionsHTTP";

    [Fact]
    [Conformance("sub-01", "pkg/runtime/runtime.go; " + Discovery)]
    public async Task The_app_is_asked_for_its_configuration_and_then_its_subscriptions_once_it_listens()
    {
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        await app.CloseAsync();
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSub], new Setup { Await = false, AppApiToken = "secret" }, app);
        using var early = await sidecar.Http.GetAsync("/v1.0/healthz");
        await SidecarUnderTest.AssertErrorAsync(early, 500, "ERR_HEALTH_NOT_READY", "dapr is not ready");

        await app.ListenAsync();

        var config = await app.NextDiscoveryAsync();
        Assert.Equal(("GET", "/dapr/config"), (config.Method, config.Path));
        var subscribe = await app.NextDiscoveryAsync();
        Assert.Equal(("GET", "/dapr/subscribe"), (subscribe.Method, subscribe.Path));
        Assert.Equal("shop", subscribe.Headers["dapr-app-id"]);
        Assert.Equal("application/json", subscribe.Headers["Content-Type"]);
        Assert.Equal("secret", subscribe.Headers["dapr-api-token"]);
        await sidecar.UntilReadyAsync("shop");
    }

    [Theory]
    [InlineData(404)]
    [InlineData(500)]
    [Conformance("sub-02", Discovery)]
    public async Task An_app_that_has_no_answer_is_ready_without_subscriptions_and_is_not_asked_again(int status)
    {
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        app.SubscribeStatus = status;
        await using var sidecar = await SidecarUnderTest.StartAsync(app);

        await sidecar.PublishAsync("1");

        await AssertNoSubscriptionsAsync(sidecar);
        await app.NextDiscoveryAsync();
        await app.NextDiscoveryAsync();
        Assert.Equal(0, app.Unread);
    }

    [Theory]
    [InlineData("""[{"pubsubname":"pubsub","topic":"orders","route":"orders"}]""", "/orders")]
    [InlineData("""[{"pubsubname":"pubsub","topic":"orders","routes":{"default":"/v2/orders"}}]""", "/v2/orders")]
    [InlineData("""[{"pubsubName":"pubsub","Topic":"orders","route":"/one","routes":{"default":"/two"}}]""", "/two")]
    [Conformance("sub-03", "pkg/runtime/pubsub/subscriptions.go SubscriptionJSON")]
    public async Task A_route_is_given_the_old_way_or_the_new_and_the_new_wins(string subscriptions, string path)
    {
        await using var app = await TestApp.StartAsync("shop", subscriptions);
        await using var sidecar = await SidecarUnderTest.StartAsync(app);

        await sidecar.PublishAsync("1");

        Assert.Equal(path, (await app.NextAsync()).Path);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("""[{"pubsubname":"pubsub","topic":"orders"}]""")]
    [InlineData("""[{"pubsubname":"nowhere","topic":"orders","route":"orders"}]""")]
    [Conformance("sub-04", Discovery)]
    public async Task No_body_null_a_missing_route_and_an_unknown_component_subscribe_to_nothing(string subscriptions)
    {
        await using var app = await TestApp.StartAsync("shop", subscriptions);
        await using var sidecar = await SidecarUnderTest.StartAsync(app);

        await sidecar.PublishAsync("1");

        await Task.Delay(Timeouts.Quiet, CancellationToken.None);
        Assert.Equal(0, app.Unread);
    }

    [Fact]
    [Conformance("sub-05", "pkg/runtime/compstore/subscriptions.go")]
    public async Task A_declared_subscription_is_served_and_the_apps_own_for_the_same_topic_wins()
    {
        const string Declared = """
            apiVersion: dapr.io/v2alpha1
            kind: Subscription
            metadata: { name: declared }
            spec: { pubsubname: pubsub, topic: TOPIC~, routes: { default: /declared } }
            scopes: [shop]
            """;
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        await using var sidecar = await SidecarUnderTest.StartAsync(
            [SidecarUnderTest.PubSub, Declared.Replace("TOPIC", "orders", StringComparison.Ordinal), Declared.Replace("TOPIC", "returns", StringComparison.Ordinal)], app);

        await sidecar.PublishAsync("1");
        Assert.Equal("/orders", (await app.NextAsync()).Path);
        await sidecar.PublishAsync("1", "returns");
        Assert.Equal("/declared", (await app.NextAsync()).Path);
    }

    [Fact]
    [Conformance("sub-06", "pkg/runtime/pubsub (subscriptionScopes)")]
    public async Task A_subscription_the_components_scopes_forbid_is_not_made()
    {
        await using var app = await TestApp.StartAsync("shop", """
            [{"pubsubname":"pubsub","topic":"orders","route":"/orders"},{"pubsubname":"pubsub","topic":"returns","route":"/returns"}]
            """);
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSubWith(("subscriptionScopes", "shop=returns~"))], app);

        await sidecar.PublishAsync("1");
        await sidecar.PublishAsync("2", "returns");

        Assert.Equal("/returns", (await app.NextAsync()).Path);
        await Task.Delay(Timeouts.Quiet, CancellationToken.None);
        Assert.Equal(0, app.Unread);
    }

    [Fact]
    [Conformance("sub-07", "pkg/runtime/pubsub/subscriptions.go; pkg/runtime/compstore/subscriptions.go")]
    public async Task A_topic_is_subscribed_once_whatever_number_of_entries_name_it()
    {
        await using var app = await TestApp.StartAsync("shop", """
            [{"pubsubname":"pubsub","topic":"orders","route":"/one"},{"pubsubname":"pubsub","topic":"orders","route":"/two"}]
            """);
        await using var sidecar = await SidecarUnderTest.StartAsync(app);

        await sidecar.PublishAsync("1");

        await app.NextAsync();
        await Task.Delay(Timeouts.Quiet, CancellationToken.None);
        Assert.Equal(0, app.Unread);
    }

    [Fact]
    [Conformance("sub-08", "pkg/runtime/runtime.go (no app port)")]
    public async Task Without_an_app_port_the_sidecar_is_ready_and_subscribes_to_nothing()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();

        using var ready = await sidecar.Http.GetAsync("/v1.0/healthz");

        Assert.Equal(System.Net.HttpStatusCode.NoContent, ready.StatusCode);
        await AssertNoSubscriptionsAsync(sidecar);
    }

    [Fact]
    [Conformance("sub-09", "components-contrib pubsub/redis/redis.go Subscribe (group from 0); pubsub/rabbitmq/rabbitmq.go prepareSubscription")]
    public async Task What_was_published_before_a_topic_had_any_subscriber_comes_to_the_first_one_but_is_lost_on_RabbitMQ()
    {
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        await app.CloseAsync();
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSub], new Setup { Await = false }, app);

        await sidecar.PublishAsync("1");
        await app.ListenAsync();
        await sidecar.UntilReadyAsync("shop");
        await sidecar.PublishAsync("2");

        Assert.Equal(sidecar.Broker == BrokerProfile.RabbitMq ? "2" : "1", (await app.NextAsync()).Json.GetProperty("data").GetRawText());
    }

    // daprd omits an empty list.
    private static async Task AssertNoSubscriptionsAsync(SidecarUnderTest sidecar)
    {
        using var response = await sidecar.Http.GetAsync("/v1.0/metadata");
        using var metadata = System.Text.Json.JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        Assert.False(metadata.RootElement.TryGetProperty("subscriptions", out var subscriptions) && subscriptions.GetArrayLength() > 0);
    }
}
