using System.Text.Json;

namespace LocalDapr.Tests.Conformance;

public class DeliveryTests
{
    private const string Deliver = "pkg/runtime/subscription/postman/http/http.go Deliver";
    private const string WithDeadLetters = """
        [{"pubsubname":"pubsub","topic":"orders","route":"/orders","deadLetterTopic":"dead"},{"pubsubname":"pubsub","topic":"dead","route":"/dead"}]
        """;

    [Fact]
    [Conformance("del-01", Deliver)]
    public async Task An_event_is_posted_as_a_cloud_event_with_its_component_its_metadata_and_the_apps_token()
    {
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSub], new Setup { AppApiToken = "secret" }, app);

        await sidecar.PublishAsync("1", query: "?metadata.color=blue");
        var delivered = await app.NextAsync();

        Assert.Equal(("POST", "/orders"), (delivered.Method, delivered.Path));
        Assert.Equal("application/cloudevents+json", delivered.Headers["Content-Type"]);
        Assert.Equal("pubsub", delivered.Headers["pubsubName"]);
        Assert.Equal(sidecar.Broker == BrokerProfile.RabbitMq ? null : "blue", delivered.Headers.GetValueOrDefault("color"));
        Assert.Equal("secret", delivered.Headers["dapr-api-token"]);
        // Always sent; without a trace, it consists of zeros.
        Assert.Matches("^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$", delivered.Headers["traceparent"]);
        Assert.Equal(sidecar.Broker == BrokerProfile.ServiceBus, delivered.Headers.ContainsKey("metadata.DeliveryCount"));
        Assert.Equal(sidecar.Broker == BrokerProfile.ServiceBus, delivered.Headers.ContainsKey("metadata.EnqueuedTimeUtc"));
    }

    [Theory]
    [InlineData(200, null)]
    [InlineData(200, "")]
    [InlineData(204, null)]
    [InlineData(202, "thanks")]
    [InlineData(200, "{}")]
    [InlineData(200, """{"status":""}""")]
    [InlineData(200, """{"status":"SUCCESS"}""")]
    [InlineData(200, """{"Status":"SUCCESS","more":[1]}""")]
    [InlineData(200, """{"status":7}""")]
    [InlineData(200, "[\"RETRY\"]")]
    [InlineData(200, """{"status":"DROP"}""")]
    [InlineData(404, null)]
    [Conformance("del-02", Deliver)]
    public async Task These_replies_end_the_event(int status, string? body)
    {
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders(), _ => new AppReply(status, body));
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSub, SidecarUnderTest.Retries(3)], app);

        await sidecar.PublishAsync("1");
        await app.NextAsync();
        await sidecar.PublishAsync("2");
        var second = await app.NextAsync();

        Assert.Equal("2", second.Json.GetProperty("data").GetRawText());
        await sidecar.SettledAsync();
        Assert.Equal(0, app.Unread);
    }

    [Theory]
    [InlineData(200, """{"status":"RETRY"}""")]
    [InlineData(200, """{"status":"success"}""")]
    [InlineData(200, """{"status":"shipped"}""")]
    [InlineData(200, """{"STATUS":"RETRY"}""")]
    [InlineData(307, null)]
    [InlineData(400, null)]
    [InlineData(401, null)]
    [InlineData(429, null)]
    [InlineData(500, """{"status":"SUCCESS"}""")]
    [InlineData(503, null)]
    [Conformance("del-03", Deliver)]
    public async Task These_replies_bring_the_event_again(int status, string? body)
    {
        var first = true;
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders(), _ =>
        {
            var reply = first ? new AppReply(status, body) : AppReply.Ok;
            first = false;
            return reply;
        });
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSub, SidecarUnderTest.Retries(1)], app);

        await sidecar.PublishAsync("1");

        var once = await app.NextAsync();
        var twice = await app.NextAsync();
        Assert.Equal(once.Text, twice.Text);
        await sidecar.SettledAsync();
        Assert.Equal(0, app.Unread);
    }

    [Theory]
    [InlineData(200, """{"status":"DROP"}""")]
    [InlineData(404, null)]
    [InlineData(500, null)]
    [Conformance("del-04", "pkg/runtime/subscription/subscription.go sendToDeadLetter")]
    public async Task With_a_dead_letter_topic_a_drop_and_a_failure_go_there_unchanged_and_from_1_17_on_a_404(int status, string? body)
    {
        await using var app = await TestApp.StartAsync("shop", WithDeadLetters, request => request.Path == "/dead" ? AppReply.Ok : new AppReply(status, body));
        await using var sidecar = await SidecarUnderTest.StartAsync(app);

        await sidecar.PublishAsync("1", query: "?metadata.color=blue");
        var failed = await app.NextAsync();
        if (status == 404 && sidecar.Version == DaprVersion.V116)
        {
            // The event is discarded.
            await sidecar.SettledAsync();
            Assert.Equal(0, app.Unread);
            return;
        }

        var dead = await app.NextAsync();

        Assert.Equal(("/orders", "/dead"), (failed.Path, dead.Path));
        Assert.Equal(failed.Text, dead.Text);
        Assert.Equal("orders", dead.Json.GetProperty("topic").GetString());
        Assert.Equal(sidecar.Broker == BrokerProfile.RabbitMq ? null : "blue", dead.Headers.GetValueOrDefault("color"));
        await sidecar.SettledAsync();
    }

    [Fact]
    [Conformance("del-05", "pkg/resiliency; pkg/runtime/subscription/subscription.go")]
    public async Task The_inbound_retry_policy_tries_again_within_one_delivery_before_the_dead_letter()
    {
        await using var app = await TestApp.StartAsync("shop", WithDeadLetters, request => new AppReply(request.Path == "/dead" ? 200 : 500));
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSub, SidecarUnderTest.Retries(3)], app);

        await sidecar.PublishAsync("1");

        for (var attempt = 0; attempt < 4; attempt++)
        {
            var tried = await app.NextAsync();
            Assert.Equal("/orders", tried.Path);
            Assert.True(sidecar.Broker != BrokerProfile.ServiceBus || tried.DeliveryCount == 1);
        }

        Assert.Equal("/dead", (await app.NextAsync()).Path);
    }

    [Fact]
    [Conformance("del-06", "pkg/resiliency (matching.httpStatusCodes)")]
    public async Task A_retry_policy_may_be_limited_to_some_status_codes()
    {
        await using var app = await TestApp.StartAsync("shop", WithDeadLetters, request => new AppReply(request.Path == "/dead" ? 200 : 400));
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSub, SidecarUnderTest.Retries(3, matching: "429,500-599")], app);

        await sidecar.PublishAsync("1");

        Assert.Equal("/orders", (await app.NextAsync()).Path);
        Assert.Equal("/dead", (await app.NextAsync()).Path);
    }

    [Fact]
    [Conformance("del-07", "pkg/resiliency (timeouts)")]
    public async Task The_inbound_timeout_cancels_the_call_and_counts_as_a_failure()
    {
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var app = await TestApp.StartAsync("shop", WithDeadLetters);
        app.Handler = async (request, aborted) =>
        {
            if (request.Path == "/orders")
            {
                await Task.Delay(Timeout.Infinite, aborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                cancelled.TrySetResult();
            }

            return AppReply.Ok;
        };
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSub, SidecarUnderTest.Retries(0, timeout: "200ms")], app);

        await sidecar.PublishAsync("1");

        Assert.Equal("/orders", (await app.NextAsync()).Path);
        Assert.Equal("/dead", (await app.NextAsync()).Path);
        await cancelled.Task.WaitAsync(Timeouts.Time);
    }

    [Fact]
    [Conformance("del-08", "pkg/runtime/subscription/subscription.go (unmarshal)")]
    public async Task A_raw_body_for_a_subscriber_that_is_not_raw_goes_to_its_dead_letter_topic_unseen()
    {
        await using var app = await TestApp.StartAsync("shop", """
            [{"pubsubname":"pubsub","topic":"orders","route":"/orders","deadLetterTopic":"dead"},
             {"pubsubname":"pubsub","topic":"dead","route":"/dead","metadata":{"rawPayload":"true"}}]
            """);
        await using var sidecar = await SidecarUnderTest.StartAsync(app);

        await sidecar.PublishAsync("no envelope", query: "?metadata.rawPayload=true");

        var dead = await app.NextAsync();
        Assert.Equal("/dead", dead.Path);
        Assert.Equal("no envelope", System.Text.Encoding.UTF8.GetString(dead.Json.GetProperty("data_base64").GetBytesFromBase64()));
    }

    [Fact]
    [Conformance("del-10", "pkg/channel/http/http_channel.go (app-max-concurrency)")]
    public async Task The_apps_maximum_concurrency_bounds_the_deliveries_under_way()
    {
        var busy = 0;
        var most = 0;
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        app.Handler = async (_, aborted) =>
        {
            most = Math.Max(most, Interlocked.Increment(ref busy));
            await Task.Delay(5, aborted);
            Interlocked.Decrement(ref busy);
            return AppReply.Ok;
        };
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSub], new Setup { MaxConcurrency = 2 }, app);

        await Task.WhenAll(Enumerable.Range(0, 20).Select(number => sidecar.PublishAsync($"{number}")));

        for (var i = 0; i < 20; i++)
        {
            await app.NextAsync();
        }

        Assert.Equal(2, most);
    }

    [Fact]
    [Conformance("del-11", "components-contrib (consumer groups)")]
    public async Task Each_app_id_gets_every_event_of_a_topic_once()
    {
        await using var shop = await TestApp.StartAsync("shop", TestApp.Orders());
        await using var audit = await TestApp.StartAsync("audit", TestApp.Orders());
        await using var sidecar = await SidecarUnderTest.StartAsync(shop, audit);

        await sidecar.PublishAsync("1");

        Assert.Equal((await shop.NextAsync()).Text, (await audit.NextAsync()).Text);
        await sidecar.SettledAsync();
        Assert.Equal((0, 0), (shop.Unread, audit.Unread));
    }

    [Fact]
    [Conformance("del-12", "components-contrib pubsub/redis/redis.go worker")]
    public async Task With_a_component_concurrency_of_one_events_come_in_the_order_they_were_published()
    {
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSubWith(("concurrency", "1"))], app);

        for (var i = 0; i < 20; i++)
        {
            await sidecar.PublishAsync(JsonSerializer.Serialize(i));
        }

        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(i, (await app.NextAsync()).Json.GetProperty("data").GetInt32());
        }
    }

    [Fact]
    [Conformance("broker-05", "pkg/resiliency/resiliency.go addBuiltInPolicies (none for inbound pub/sub)")]
    public async Task Without_a_policy_there_is_no_retry_before_the_dead_letter()
    {
        await using var app = await TestApp.StartAsync("shop", """
            [{"pubsubname":"pubsub","topic":"orders","route":"/orders","deadLetterTopic":"dead"},{"pubsubname":"pubsub","topic":"dead","route":"/dead"}]
            """, request => new AppReply(request.Path == "/dead" ? 200 : 503));
        await using var sidecar = await SidecarUnderTest.StartAsync(app);

        await sidecar.PublishAsync("1");

        Assert.Equal("/orders", (await app.NextAsync()).Path);
        Assert.Equal("/dead", (await app.NextAsync()).Path);
        await sidecar.SettledAsync();
        Assert.Equal(0, app.Unread);
    }
}
