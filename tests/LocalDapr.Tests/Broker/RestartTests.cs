namespace LocalDapr.Tests.Broker;

public sealed class RestartTests
{
    [Fact]
    public async Task What_is_published_before_anybody_subscribes_waits_for_the_first_subscriber()
    {
        using var folder = new TemporaryFolder();
        await using (var alone = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSub], new Setup { Folder = folder }))
        {
            await alone.PublishAsync("1");
            await alone.PublishAsync("2", "other");
        }

        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSub], new Setup { Folder = folder }, app);

        Assert.Equal("1", (await app.NextAsync()).Json.GetProperty("data").GetRawText());
        await Waiting.NothingAsync(sidecar);
        Assert.Equal((0, 1), (app.Unread, Waiting.Events(sidecar)));
    }

    [Fact]
    public async Task Events_survive_a_restart_with_the_deliveries_they_had()
    {
        using var folder = new TemporaryFolder();
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        app.Handler = async (_, aborted) =>
        {
            await Task.Delay(Timeout.Infinite, aborted);
            return AppReply.Ok;
        };
        await using (var first = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSub], new Setup { Folder = folder, MaxConcurrency = 1, Broker = BrokerProfile.ServiceBus }, app))
        {
            await first.PublishAsync("1");
            await first.PublishAsync("2");
            Assert.Equal(1, (await app.NextAsync()).DeliveryCount);
        }

        app.Handler = (_, _) => Task.FromResult(AppReply.Ok);
        await using var second = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSub], new Setup { Folder = folder, MaxConcurrency = 1, Broker = BrokerProfile.ServiceBus }, app);

        var begun = await app.NextAsync();
        var fresh = await app.NextAsync();
        Assert.Equal((1, 2), (begun.Json.GetProperty("data").GetInt32(), begun.DeliveryCount));
        Assert.Equal((2, 1), (fresh.Json.GetProperty("data").GetInt32(), fresh.DeliveryCount));
        await Waiting.NothingAsync(second);
        Assert.Equal(0, Waiting.Events(second));
    }

    [Fact]
    public async Task An_event_whose_last_delivery_ended_the_machine_goes_to_its_dead_letter_topic_without_another_try()
    {
        using var folder = new TemporaryFolder();
        await using (var before = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSub], new Setup { Folder = folder }))
        {
            await before.PublishAsync("1");
            await before.Sidecar.Database.WriteAsync(session =>
            {
                MessageTable.Subscribe(session, "pubsub", "orders", "shop");
                return session.Execute("UPDATE delivery SET count = 10");
            });
        }

        await using var app = await TestApp.StartAsync("shop", """
            [{"pubsubname":"pubsub","topic":"orders","route":"/orders","deadLetterTopic":"dead"},{"pubsubname":"pubsub","topic":"dead","route":"/dead"}]
            """);
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSub], new Setup { Folder = folder }, app);
        await Waiting.NothingAsync(sidecar);

        Assert.Equal("/dead", (await app.NextAsync()).Path);
        Assert.Equal(0, app.Unread);
    }

    [Fact]
    public async Task Events_of_a_month_ago_are_forgotten_and_their_space_is_given_back()
    {
        var clock = new ManualClock();
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSub], new Setup { Time = clock });
        await sidecar.PublishAsync('"' + new string('x', 500_000) + '"');
        clock.Advance(TimeSpan.FromDays(31));

        await Eventually.TrueAsync(() => Waiting.Events(sidecar) == 0);
        await Eventually.TrueAsync(() => sidecar.Sidecar.Database.Read(session => (long)session.Scalar("PRAGMA freelist_count")!) == 0);
    }

    [Fact]
    public async Task A_closing_sidecar_waits_for_the_delivery_under_way_and_lets_its_handler_save()
    {
        using var folder = new TemporaryFolder();
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSub, SidecarUnderTest.Store], new Setup { Folder = folder }, app);
        var saves = new TaskCompletionSource<HttpResponseMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
        app.Handler = async (_, aborted) =>
        {
            await Task.Delay(300, aborted);
            saves.SetResult(await sidecar.SaveAsync("late", "1"));
            return AppReply.Ok;
        };
        await sidecar.PublishAsync("1");
        await app.NextAsync();

        await sidecar.Sidecar.DisposeAsync();

        using var saved = await saves.Task.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(System.Net.HttpStatusCode.NoContent, saved.StatusCode);
        await using var again = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSub, SidecarUnderTest.Store], new Setup { Folder = folder }, app);
        Assert.NotNull(await again.GetAsync("late"));
        Assert.Equal(0, Waiting.Events(again));
    }
}
