namespace LocalDapr.Tests.Faults;

public sealed class SubscriberViolationTests
{
    [Theory]
    [InlineData(404, null, "NotFound, LostEvent")]
    [InlineData(200, """{"status":"DROP"}""", "LostEvent")]
    [InlineData(200, """{"status":"shipped"}""", "UnknownStatus, UnknownStatus, LostEvent")]
    [InlineData(307, null, "Redirect, Redirect, LostEvent")]
    [InlineData(401, null, "Unauthorized, Unauthorized, LostEvent")]
    [InlineData(403, null, "Unauthorized, Unauthorized, LostEvent")]
    [InlineData(500, null, "LostEvent")]
    [InlineData(200, """{"status":"RETRY"}""", "LostEvent")]
    [InlineData(200, """{"status":"SUCCESS"}""", "")]
    public async Task What_Dapr_lets_pass_and_nobody_means_is_noted(int status, string? body, string kinds)
    {
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders(), _ => new AppReply(status, body));
        await using var sidecar = await StartAsync(app);

        await sidecar.PublishAsync("1");
        await app.NextAsync();
        await Waiting.NothingAsync(sidecar);

        Assert.Equal(kinds, string.Join(", ", sidecar.Faults.Violations.Select(violation => violation.Kind)));
        Assert.All(sidecar.Faults.Violations, violation => Assert.Equal(("shop", "orders"), (violation.AppId, violation.Topic)));
    }

    [Fact]
    public async Task An_event_with_a_dead_letter_topic_is_not_lost()
    {
        await using var app = await TestApp.StartAsync(
            "shop",
            """[{"pubsubname":"pubsub","topic":"orders","route":"/orders","deadLetterTopic":"dead"},{"pubsubname":"pubsub","topic":"dead","route":"/dead"}]""",
            request => new AppReply(request.Path == "/dead" ? 200 : 500));
        await using var sidecar = await StartAsync(app);

        await sidecar.PublishAsync("1");
        await app.NextAsync();
        await app.NextAsync();
        await Waiting.NothingAsync(sidecar);

        Assert.Empty(sidecar.Faults.Violations);
    }

    private static Task<SidecarUnderTest> StartAsync(TestApp app) => SidecarUnderTest.StartAsync(
        [SidecarUnderTest.PubSubWith(("maxDeliveryCount", "2"))], new Setup { Faults = new FaultInjection(), Broker = BrokerProfile.ServiceBus }, app);
}
