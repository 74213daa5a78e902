using System.Collections.Concurrent;
using System.Diagnostics;

namespace LocalDapr.Tests.Broker;

public sealed class BrokerTests
{
    private const string WithDeadLetters = """
        [{"pubsubname":"pubsub","topic":"orders","route":"/orders","deadLetterTopic":"dead"},{"pubsubname":"pubsub","topic":"dead","route":"/dead"}]
        """;

    [Fact]
    public async Task Two_replicas_share_the_events_and_nothing_comes_twice()
    {
        var seen = new ConcurrentBag<(string Replica, int Number)>();
        await using var one = await ReplicaAsync("one");
        await using var two = await ReplicaAsync("two");
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSub], new Setup { MaxConcurrency = 2 }, one, two);
        await Task.WhenAll(Enumerable.Range(0, 200).Select(number => sidecar.PublishAsync($"{number}")));
        await Waiting.NothingAsync(sidecar);

        Assert.Equal(Enumerable.Range(0, 200), seen.Select(item => item.Number).Order());
        Assert.All(seen.GroupBy(item => item.Replica), replica => Assert.InRange(replica.Count(), 40, 160));
        Assert.Equal(2, seen.Select(item => item.Replica).Distinct().Count());
        Assert.Equal(0, Waiting.Events(sidecar));

        async Task<TestApp> ReplicaAsync(string name)
        {
            var app = await TestApp.StartAsync("shop", TestApp.Orders());
            app.Handler = async (request, aborted) =>
            {
                seen.Add((name, request.Json.GetProperty("data").GetInt32()));
                await Task.Delay(2, aborted);
                return AppReply.Ok;
            };
            return app;
        }
    }

    [Fact]
    public async Task What_is_published_while_the_app_is_away_waits_for_it_and_is_delivered_once()
    {
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        await using var sidecar = await SidecarUnderTest.StartAsync(app);
        await app.CloseAsync();

        for (var i = 0; i < 30; i++)
        {
            await sidecar.PublishAsync($"{i}");
        }

        await app.ListenAsync();

        for (var i = 0; i < 30; i++)
        {
            await app.NextAsync();
        }

        await Waiting.NothingAsync(sidecar);
        Assert.Equal(30, sidecar.Sidecar.Traffic.Of("shop").Deliveries);
    }

    [Fact]
    public async Task What_was_handed_to_an_app_that_had_gone_and_waits_beyond_its_claim_time_is_delivered_once()
    {
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        app.Handler = async (_, aborted) =>
        {
            // Long enough that two copies of an event would be handled concurrently.
            await Task.Delay(100, aborted);
            return AppReply.Ok;
        };
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSubWith(("processingTimeout", "500"), ("redeliverInterval", "100"))], app);
        await app.CloseAsync();
        for (var i = 0; i < 10; i++)
        {
            await sidecar.PublishAsync($"{i}");
        }

        await Task.Delay(1000, TestContext.Current.CancellationToken);
        await app.ListenAsync();
        await Waiting.NothingAsync(sidecar);

        Assert.Equal(10, sidecar.Sidecar.Traffic.Of("shop").Deliveries);
    }

    [Fact]
    public async Task An_event_is_counted_once_the_app_has_it_not_only_when_it_has_answered()
    {
        var counted = new TaskCompletionSource<long>();
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        SidecarUnderTest? started = null;
        app.Handler = (_, _) =>
        {
            counted.TrySetResult(started!.Sidecar.Traffic.Of("shop").Deliveries);
            return Task.FromResult(AppReply.Ok);
        };
        await using var sidecar = started = await SidecarUnderTest.StartAsync(app);

        await sidecar.PublishAsync("1");

        Assert.Equal(1, await counted.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_replica_that_dies_with_an_event_loses_it_to_another_at_once_and_one_delivery_is_counted()
    {
        await using var dying = await TestApp.StartAsync("shop", TestApp.Orders());
        await using var healthy = await TestApp.StartAsync("shop", TestApp.Orders());
        var deliveries = 0;
        dying.Handler = healthy.Handler = (_, _) => Task.FromResult(Interlocked.Increment(ref deliveries) == 1 ? AppReply.CutOff : AppReply.Ok);
        await using var sidecar = await SidecarUnderTest.StartAsync(
            [SidecarUnderTest.PubSub, SidecarUnderTest.Retries(5, duration: "60s")], dying, healthy);

        var clock = Stopwatch.StartNew();
        await sidecar.PublishAsync("1");
        await Waiting.NothingAsync(sidecar);

        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 20);
        Assert.Equal(2, sidecar.Sidecar.Traffic.Of("shop").Deliveries);
    }

    [Fact]
    public async Task A_replica_that_stops_listening_in_the_middle_leaves_its_events_to_the_other()
    {
        var seen = new ConcurrentDictionary<int, int>();
        await using var leaving = await TestApp.StartAsync("shop", TestApp.Orders());
        await using var staying = await TestApp.StartAsync("shop", TestApp.Orders());
        leaving.Handler = async (_, aborted) =>
        {
            await Task.Delay(Timeout.Infinite, aborted);
            return AppReply.Ok;
        };
        staying.Handler = (request, _) =>
        {
            seen[request.Json.GetProperty("data").GetInt32()] = request.DeliveryCount;
            return Task.FromResult(AppReply.Ok);
        };
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSub], new Setup { MaxConcurrency = 4, Broker = BrokerProfile.ServiceBus }, leaving, staying);

        await Task.WhenAll(Enumerable.Range(0, 50).Select(number => sidecar.PublishAsync($"{number}")));
        await Eventually.TrueAsync(() => seen.Count == 46);
        await leaving.CloseAsync();

        await Eventually.TrueAsync(() => seen.Count == 50);
        Assert.Equal(4, seen.Values.Count(count => count == 2));
        await Waiting.NothingAsync(sidecar);
    }

    [Fact]
    public async Task An_event_that_kills_every_replica_goes_to_the_dead_letter_topic_after_ten_deliveries()
    {
        await using var app = await TestApp.StartAsync(
            "shop", WithDeadLetters, request => request.Path == "/dead" ? AppReply.Ok : AppReply.CutOff);
        await using var sidecar = await SidecarUnderTest.StartAsync(app);

        await sidecar.PublishAsync("1");

        for (var delivery = 1; delivery <= 10; delivery++)
        {
            Assert.Equal("/orders", (await app.NextAsync()).Path);
        }

        Assert.Equal("/dead", (await app.NextAsync()).Path);
        await Waiting.NothingAsync(sidecar);
        Assert.Equal(0, app.Unread);
    }

    [Fact]
    public async Task Without_a_dead_letter_topic_an_event_that_fails_comes_again_at_the_end_of_its_claim_time_without_end()
    {
        var left = 15;
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders(), _ => new AppReply(Interlocked.Decrement(ref left) > 0 ? 500 : 200));
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSubWith(("processingTimeout", "50"), ("redeliverInterval", "50"))], app);

        await sidecar.PublishAsync("1");
        await Waiting.NothingAsync(sidecar);

        Assert.Equal(15, app.Unread);
    }

    [Fact]
    public async Task A_backlog_of_one_topic_does_not_hold_up_another()
    {
        var gate = new SemaphoreSlim(0);
        await using var app = await TestApp.StartAsync("shop", """
            [{"pubsubname":"pubsub","topic":"orders","route":"/orders"},{"pubsubname":"pubsub","topic":"returns","route":"/returns"}]
            """);
        app.Handler = async (_, aborted) =>
        {
            await gate.WaitAsync(aborted);
            return AppReply.Ok;
        };
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSub], new Setup { MaxConcurrency = 1 }, app);
        for (var i = 0; i < 20; i++)
        {
            await sidecar.PublishAsync($"{i}");
        }

        await sidecar.PublishAsync("1", "returns");
        var paths = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            paths.Add((await app.NextAsync()).Path);
            gate.Release();
        }

        Assert.Contains("/returns", paths);
        gate.Release(100);
        await Waiting.NothingAsync(sidecar);
    }

    [Fact]
    public async Task A_restarted_app_is_asked_again_and_gets_its_events_at_its_new_route()
    {
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        await using var sidecar = await SidecarUnderTest.StartAsync(app);
        await sidecar.PublishAsync("1");
        Assert.Equal("/orders", (await app.NextAsync()).Path);

        await app.CloseAsync();
        await sidecar.PublishAsync("2");
        app.Subscriptions = """[{"pubsubname":"pubsub","topic":"orders","route":"/new"}]""";
        await Task.Delay(1100, TestContext.Current.CancellationToken);
        await app.ListenAsync();

        Assert.Equal("/new", (await app.NextAsync()).Path);
    }

    [Fact]
    public async Task A_replica_that_fails_to_name_its_subscriptions_changes_nothing_for_the_others()
    {
        await using var healthy = await TestApp.StartAsync("shop", TestApp.Orders());
        await using var broken = await TestApp.StartAsync("shop");
        broken.SubscribeStatus = 500;
        await broken.CloseAsync();
        await using var sidecar = await SidecarUnderTest.StartAsync(healthy, broken);
        await broken.ListenAsync();
        await broken.NextDiscoveryAsync();
        await broken.NextDiscoveryAsync();

        await sidecar.PublishAsync("1");
        await sidecar.PublishAsync("2");

        Assert.Equal("1", (await healthy.NextAsync()).Json.GetProperty("data").GetRawText());
        await Waiting.NothingAsync(sidecar);
        Assert.Equal(0, broken.Unread);
    }

    [Fact]
    public async Task Traffic_counts_what_each_app_did()
    {
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        await using var sidecar = await SidecarUnderTest.StartAsync(app);
        var before = sidecar.Sidecar.Traffic.Snapshot()["shop"];

        await sidecar.PublishAsync("1");
        await app.NextAsync();
        using var saved = await sidecar.PostAsync("/v1.0/state/statestore", """[{"key":"a","value":1},{"key":"b","value":1}]""");
        using var bulk = await sidecar.PostAsync("/v1.0/state/statestore/bulk", """{"keys":["a","b","c"]}""");
        await sidecar.GetAsync("a");
        await Waiting.NothingAsync(sidecar);

        Assert.Equal(new AppTraffic(3, 6, 1, 1), sidecar.Sidecar.Traffic.Of("shop").Since(before));
    }

    [Fact]
    public async Task An_event_of_a_killed_sidecar_goes_to_another_replica_after_the_claim_time()
    {
        var clock = new ManualClock();
        await using var one = await TestApp.StartAsync("shop", TestApp.Orders());
        await using var two = await TestApp.StartAsync("shop", TestApp.Orders());
        TestApp[] replicas = [one, two];
        var first = true;
        foreach (var replica in replicas)
        {
            replica.Handler = async (_, aborted) =>
            {
                if (first)
                {
                    first = false;
                    await Task.Delay(Timeout.Infinite, aborted);
                }

                return AppReply.Ok;
            };
        }

        await using var sidecar = await SidecarUnderTest.StartAsync(
            [SidecarUnderTest.PubSubWith(("processingTimeout", "30s"), ("redeliverInterval", "5000"))], new Setup { Time = clock }, one, two);
        await sidecar.PublishAsync("1");
        await Eventually.TrueAsync(() => replicas.Any(replica => replica.Unread == 1));
        var holder = Array.FindIndex(replicas, replica => replica.Unread == 1);
        var other = replicas[1 - holder];

        await sidecar.Sidecar.LoseConsumerAsync("shop", holder, delay: TimeSpan.FromHours(1));
        await Task.Delay(100, CancellationToken.None);
        clock.Advance(TimeSpan.FromSeconds(29));
        await Task.Delay(100, CancellationToken.None);
        Assert.Equal(0, other.Unread);
        clock.Advance(TimeSpan.FromSeconds(1));

        await other.NextAsync();
        await Waiting.NothingAsync(sidecar);
    }
}
