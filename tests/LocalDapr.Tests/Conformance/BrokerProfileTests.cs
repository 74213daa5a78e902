namespace LocalDapr.Tests.Conformance;

/// <summary>Differences between brokers for failed and slow events.</summary>
public sealed class BrokerProfileTests
{
    private const string Redis = "components-contrib pubsub/redis/redis.go";

    // A claim time of half a second.
    private static readonly string ShortClaimTime = SidecarUnderTest.PubSubWith(("processingTimeout", "500ms"), ("redeliverInterval", "100"));

    [Fact]
    [Conformance("broker-01", Redis + " processMessage (v1.18.4)", Profile = "Redis, daprd 1.17 and newer")]
    public async Task An_event_that_failed_is_acknowledged_and_lost_without_a_dead_letter_topic()
    {
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders(), _ => new AppReply(500));
        await using var sidecar = await SidecarUnderTest.StartAsync([ShortClaimTime], new Setup { Broker = BrokerProfile.Redis118 }, app);

        await sidecar.PublishAsync("1");

        var failed = await app.NextAsync();
        Assert.False(failed.Headers.ContainsKey("metadata.DeliveryCount"));
        await sidecar.SettledAsync();
        await Task.Delay(TimeSpan.FromSeconds(1), CancellationToken.None);
        Assert.Equal(0, app.Unread);
    }

    [Fact]
    [Conformance("broker-02", Redis + " reclaimPendingMessages (v1.16.13)", Profile = "Redis, daprd up to 1.16")]
    public async Task An_event_that_failed_stays_pending_and_is_reclaimed_without_end()
    {
        var left = 12;
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders(), _ => new AppReply(Interlocked.Decrement(ref left) > 0 ? 500 : 200));
        await using var sidecar = await SidecarUnderTest.StartAsync(
            [SidecarUnderTest.PubSubWith(("processingTimeout", "50"), ("redeliverInterval", "50"))], new Setup { Broker = BrokerProfile.Redis116 }, app);

        await sidecar.PublishAsync("1");

        // More deliveries than any other broker's maximum.
        for (var delivery = 0; delivery < 12; delivery++)
        {
            Assert.Equal("1", (await app.NextAsync()).Json.GetProperty("data").GetRawText());
        }

        await sidecar.SettledAsync();
    }

    [Theory]
    [InlineData(BrokerProfile.Redis116)]
    [InlineData(BrokerProfile.Redis118)]
    [Conformance("broker-03", Redis + " reclaimPendingMessages; dapr/dapr#7657", Profile = "Redis")]
    public async Task A_handler_beyond_the_processing_timeout_is_not_cancelled_and_gets_the_event_again_beside_itself(BrokerProfile profile)
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var cancelled = false;
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        app.Handler = async (_, aborted) =>
        {
            await gate.Task;
            cancelled |= aborted.IsCancellationRequested;
            return AppReply.Ok;
        };
        await using var sidecar = await SidecarUnderTest.StartAsync([ShortClaimTime], new Setup { Broker = profile }, app);

        await sidecar.PublishAsync("1");
        var first = await app.NextAsync();
        var second = await app.NextAsync();
        gate.SetResult();
        await sidecar.SettledAsync();

        Assert.Equal(first.Text, second.Text);
        Assert.False(cancelled);
    }

    [Fact]
    [Conformance("broker-06", Redis + " processMessage (v1.18.4, ctx.Err)", Profile = "Redis, daprd 1.17 and newer")]
    public async Task An_event_that_failed_after_the_processing_timeout_is_not_acknowledged()
    {
        var first = true;
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        app.Handler = async (_, _) =>
        {
            var fails = first;
            first = false;
            if (fails)
            {
                await Task.Delay(1000, CancellationToken.None);
            }

            return new AppReply(fails ? 500 : 503);
        };
        await using var sidecar = await SidecarUnderTest.StartAsync(
            [SidecarUnderTest.PubSubWith(("processingTimeout", "500ms"), ("redeliverInterval", "100"), ("concurrency", "1"))],
            new Setup { Broker = BrokerProfile.Redis118 },
            app);

        await sidecar.PublishAsync("1");

        // With a concurrency of 1, the second delivery starts only after the first has failed.
        await app.NextAsync();
        await app.NextAsync();
        await sidecar.SettledAsync();
    }

    [Theory]
    [InlineData("true")]
    [InlineData("false")]
    [Conformance("broker-07", "components-contrib pubsub/rabbitmq/rabbitmq.go handleMessage (v1.18.0)", Profile = "RabbitMQ")]
    public async Task An_event_that_failed_is_queued_again_where_requeue_in_failure_is_set_and_is_lost_otherwise(string requeues)
    {
        var failures = 3;
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders(), _ => new AppReply(Interlocked.Decrement(ref failures) >= 0 ? 500 : 200));
        await using var sidecar = await SidecarUnderTest.StartAsync(
            [SidecarUnderTest.PubSubWith(("requeueInFailure", requeues))], new Setup { Broker = BrokerProfile.RabbitMq }, app);

        await sidecar.PublishAsync("1");

        for (var delivery = 0; delivery < (requeues == "true" ? 4 : 1); delivery++)
        {
            Assert.Equal("1", (await app.NextAsync()).Json.GetProperty("data").GetRawText());
        }

        await sidecar.SettledAsync();
        Assert.Equal(0, app.Unread);
    }

    [Fact]
    [Conformance("del-09", "components-contrib pubsub/azure/servicebus (abandon); Service Bus maxDeliveryCount", Profile = "Service Bus")]
    public async Task Without_policy_and_dead_letter_topic_an_event_is_delivered_ten_times_and_then_never_again()
    {
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders(), _ => new AppReply(500));
        await using var sidecar = await SidecarUnderTest.StartAsync(
            [SidecarUnderTest.PubSub],
            new Setup { Broker = BrokerProfile.ServiceBus, IsLocalOnly = "it would need Azure" },
            app);

        await sidecar.PublishAsync("1");

        for (var delivery = 1; delivery <= 10; delivery++)
        {
            Assert.Equal(delivery, (await app.NextAsync()).DeliveryCount);
        }

        await sidecar.SettledAsync();
        Assert.Equal(0, app.Unread);
    }
}
