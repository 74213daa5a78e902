namespace LocalDapr.Tests.Broker;

public sealed class RefusedTests
{
    private const string Orders =
        """[{"pubsubname":"pubsub","topic":"orders","route":"/orders","deadLetterTopic":"dead"},{"pubsubname":"pubsub","topic":"dead","route":"/dead","deadLetterTopic":"dead"}]""";

    [Theory]
    [InlineData(false, "/orders")]
    [InlineData(true, "/dead")]
    public async Task While_nothing_listens_events_wait_or_use_up_their_tries_as_with_daprd(bool counts, string arrivesAt)
    {
        await using var app = await TestApp.StartAsync("shop", Orders);
        await using var sidecar = await SidecarUnderTest.StartAsync(
            [SidecarUnderTest.PubSub, SidecarUnderTest.Retries(5, duration: "50ms")], new Setup { CountRefused = counts }, app);

        await app.CloseAsync();
        await sidecar.PublishAsync("1");
        // Twice the time of all attempts.
        await Task.Delay(500, TestContext.Current.CancellationToken);
        await app.ListenAsync();

        // The dead-letter topic is its own dead-letter topic, so a dead letter is redelivered until it is acknowledged.
        Assert.Equal(arrivesAt, (await app.NextAsync()).Path);
        await Waiting.NothingAsync(sidecar);
        Assert.Equal((0, 0), (app.Unread, Waiting.Events(sidecar)));
    }
}
