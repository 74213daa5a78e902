using System.Collections.Concurrent;
using System.Net;

namespace LocalDapr.Tests.Faults;

public sealed class FaultPlanTests
{
    private const string FirstWrite = ""","options":{"concurrency":"first-write"}""";

    [Fact]
    public async Task Every_third_event_is_delivered_twice_at_the_same_time()
    {
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        var together = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var busy = new ConcurrentDictionary<int, int>();
        var seen = new ConcurrentQueue<int>();
        app.Handler = async (request, _) =>
        {
            var number = NumberOf(request);
            if (busy.AddOrUpdate(number, 1, (_, count) => count + 1) == 2)
            {
                together.TrySetResult();
            }

            await Task.Delay(50, CancellationToken.None);
            busy.AddOrUpdate(number, 0, (_, count) => count - 1);
            seen.Enqueue(number);
            return AppReply.Ok;
        };
        await using var sidecar = await StartAsync(new FaultPlan { Seed = 1, DuplicateEvery = 3 }, app);

        await PublishAsync(sidecar, 9);

        await Eventually.TrueAsync(() => seen.Count == 12);
        await together.Task.WaitAsync(TimeSpan.FromSeconds(20));
        var twice = seen.GroupBy(number => number).Where(group => group.Count() == 2).Select(group => group.Key).Order().ToList();
        Assert.Equal(3, twice.Count);
        Assert.All(twice.Zip(twice.Skip(1)), pair => Assert.Equal(3, pair.Second - pair.First));
        Assert.Equal(3, sidecar.Faults.Counters.Of(FaultKind.Duplicate));
    }

    [Fact]
    public async Task The_same_seed_meets_the_same_events_and_another_seed_others()
    {
        var runs = new List<string>();
        foreach (var seed in new[] { 5, 5, 6 })
        {
            await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
            await using var sidecar = await StartAsync(new FaultPlan { Seed = seed, DuplicateEvery = 20, LoseAcknowledgementEvery = 17 }, app);
            await PublishAsync(sidecar, 60);
            await Waiting.NothingAsync(sidecar);
            await Eventually.TrueAsync(() => sidecar.Faults.Counters.Of(FaultKind.Duplicate) == 3);
            var deliveries = new int[60];
            while (app.Unread > 0)
            {
                deliveries[NumberOf(await app.NextAsync())]++;
            }

            runs.Add(string.Concat(deliveries));
        }

        Assert.Equal(runs[0], runs[1]);
        Assert.NotEqual(runs[0], runs[2]);
    }

    [Fact]
    public async Task Reordered_events_all_arrive_and_later_ones_come_before_them_within_the_window()
    {
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        await using var sidecar = await StartAsync(
            new FaultPlan { ReorderEvery = 4, ReorderWindow = 3, ReorderHold = TimeSpan.FromMilliseconds(300) }, app, maxConcurrency: 1);

        await PublishAsync(sidecar, 40);
        await Waiting.NothingAsync(sidecar);

        var order = new List<int>();
        while (app.Unread > 0)
        {
            order.Add(NumberOf(await app.NextAsync()));
        }

        Assert.Equal(Enumerable.Range(0, 40), order.Order());
        // At most two other events are held at the same time as the last of a window.
        Assert.All(order.Select((number, place) => Math.Abs(number - place)), distance => Assert.InRange(distance, 0, 6));
        var overtaken = order.Where((number, place) => order.Take(place).Any(earlier => earlier > number)).Count();
        Assert.InRange(overtaken, 5, 10);
        Assert.InRange(sidecar.Faults.Counters.Of(FaultKind.Reorder), overtaken, 10);
    }

    [Fact]
    public async Task A_delayed_event_waits_while_others_go()
    {
        var clock = new ManualClock();
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        await using var sidecar = await SidecarUnderTest.StartAsync(
            [SidecarUnderTest.PubSub],
            new Setup { Faults = new FaultInjection { Plan = new FaultPlan { DelayEvery = 2, Delay = TimeSpan.FromSeconds(30) }, TimeProvider = clock }, Time = clock },
            app);

        await PublishAsync(sidecar, 4);
        var prompt = new[] { NumberOf(await app.NextAsync()), NumberOf(await app.NextAsync()) };
        clock.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal(0, app.Unread);
        clock.Advance(TimeSpan.FromSeconds(1));
        var late = new[] { NumberOf(await app.NextAsync()), NumberOf(await app.NextAsync()) };

        Assert.Equal(2, prompt.Max() - prompt.Min());
        Assert.Equal(2, late.Max() - late.Min());
        Assert.Equal(2, sidecar.Faults.Counters.Of(FaultKind.Delay));
    }

    [Fact]
    public async Task A_lost_acknowledgement_brings_the_event_again_once_and_the_second_success_counts()
    {
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        await using var sidecar = await StartAsync(new FaultPlan { LoseAcknowledgementEvery = 1 }, app);

        await PublishAsync(sidecar, 5);
        await Waiting.NothingAsync(sidecar);

        Assert.Equal(10, app.Unread);
        Assert.Equal(5L, sidecar.Faults.Counters.Of(FaultKind.LostAcknowledgement));
    }

    [Fact]
    public async Task Conflicts_come_in_runs_and_only_on_conditional_writes()
    {
        await using var sidecar = await StartAsync(new FaultPlan { Seed = 3, ConflictEvery = 5, ConflictRun = 2 });

        Assert.All(await SavesAsync(sidecar, 20), status => Assert.Equal(204, status));
        var conditional = await SavesAsync(sidecar, 20, "first", FirstWrite);

        Assert.Equal(8, conditional.Count(status => status == 409));
        Assert.Contains("409,409,204,204,204,409,409", string.Join(',', conditional), StringComparison.Ordinal);
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(conditional[i] == 409, await sidecar.GetAsync($"first{i}") is null);
        }

        Assert.Equal(8, sidecar.Faults.Counters.Of(FaultKind.Conflict));
    }

    [Fact]
    public async Task A_conditional_write_is_done_and_answered_as_a_conflict()
    {
        await using var sidecar = await StartAsync(new FaultPlan { RepeatWriteEvery = 3 });

        Assert.All(await SavesAsync(sidecar, 9), status => Assert.Equal(204, status));
        var conditional = await SavesAsync(sidecar, 9, "first", FirstWrite);

        Assert.Equal((3, 3L), (conditional.Count(status => status == 409), sidecar.Faults.Counters.Of(FaultKind.RepeatedWrite)));
        for (var i = 0; i < 9; i++)
        {
            Assert.NotNull(await sidecar.GetAsync($"first{i}"));
        }
    }

    [Fact]
    public async Task An_event_is_gone_before_it_is_delivered()
    {
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        await using var sidecar = await StartAsync(new FaultPlan { LoseEvery = 3 }, app);

        await PublishAsync(sidecar, 9);
        await Waiting.NothingAsync(sidecar);

        Assert.Equal((6, 3L), (app.Unread, sidecar.Faults.Counters.Of(FaultKind.Loss)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_state_write_fails_before_it_happened_or_after(bool applied)
    {
        await using var sidecar = await StartAsync(applied ? new FaultPlan { LostStateReplyEvery = 3 } : new FaultPlan { StateWriteErrorEvery = 3 });

        var statuses = await SavesAsync(sidecar, 9);

        Assert.Equal(3, statuses.Count(status => status == 500));
        for (var i = 0; i < 9; i++)
        {
            Assert.Equal(applied || statuses[i] == 204, await sidecar.GetAsync($"key{i}") is not null);
        }

        Assert.Equal(3, sidecar.Faults.Counters.Of(applied ? FaultKind.LostStateReply : FaultKind.StateWriteError));
    }

    [Fact]
    public async Task A_state_read_fails_with_the_error_of_its_call()
    {
        await using var sidecar = await StartAsync(new FaultPlan { StateReadErrorEvery = 1 });

        using var get = await sidecar.Http.GetAsync("/v1.0/state/statestore/key");
        using var bulk = await sidecar.PostAsync("/v1.0/state/statestore/bulk", """{"keys":["a"]}""");

        await SidecarUnderTest.AssertErrorAsync(get, 500, "ERR_STATE_GET");
        await SidecarUnderTest.AssertErrorAsync(bulk, 500, "ERR_STATE_BULK_GET");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_publish_fails_before_it_was_accepted_or_after(bool accepted)
    {
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        await using var sidecar = await StartAsync(accepted ? new FaultPlan { LostPublishReplyEvery = 2 } : new FaultPlan { PublishErrorEvery = 2 }, app);

        var statuses = new List<HttpStatusCode>();
        for (var i = 0; i < 6; i++)
        {
            using var response = await sidecar.PostAsync("/v1.0/publish/pubsub/orders", $"{i}");
            statuses.Add(response.StatusCode);
        }

        Assert.Equal(3, statuses.Count(status => status == HttpStatusCode.InternalServerError));
        for (var i = 0; i < (accepted ? 6 : 3); i++)
        {
            await app.NextAsync();
        }

        await Waiting.NothingAsync(sidecar);
        Assert.Equal(0, app.Unread);
        Assert.Equal(3, sidecar.Faults.Counters.Of(accepted ? FaultKind.LostPublishReply : FaultKind.PublishError));
    }

    [Fact]
    public async Task Slow_state_answers_after_its_time()
    {
        var clock = new ManualClock();
        await using var sidecar = await SidecarUnderTest.StartAsync(
            [SidecarUnderTest.Store], new Setup { Faults = new FaultInjection { Plan = new FaultPlan { SlowStateEvery = 1, SlowState = TimeSpan.FromSeconds(10) }, TimeProvider = clock }, Time = clock });

        var read = sidecar.GetAsync("key");
        await Eventually.TrueAsync(() => sidecar.Faults.Counters.Of(FaultKind.SlowState) == 1);
        await Task.Delay(50, CancellationToken.None);
        Assert.False(read.IsCompleted);
        // The fault is counted just before its delay starts, so the clock advances until the call completes.
        await Eventually.TrueAsync(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(10));
            return read.IsCompleted;
        });
        Assert.Null(await read);
    }

    [Fact]
    public async Task With_everything_at_once_each_event_is_settled_and_every_kind_but_loss_happened()
    {
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        var seen = new ConcurrentDictionary<int, int>();
        app.Handler = (request, _) =>
        {
            seen.AddOrUpdate(NumberOf(request), 1, (_, count) => count + 1);
            return Task.FromResult(AppReply.Ok);
        };
        await using var sidecar = await StartAsync(
            FaultPlan.All(42) with { SlowState = TimeSpan.FromMilliseconds(1), Delay = TimeSpan.FromMilliseconds(20), ReorderHold = TimeSpan.FromMilliseconds(50) }, app);

        for (var i = 0; i < 100; i++)
        {
            using var published = await sidecar.PostAsync("/v1.0/publish/pubsub/orders", $"{i}");
            using var saved = await sidecar.SaveAsync($"key{i}", "1", more: FirstWrite);
            using var read = await sidecar.Http.GetAsync($"/v1.0/state/statestore/key{i}");
        }

        await Waiting.NothingAsync(sidecar);
        Assert.Equal(100 - sidecar.Faults.Counters.Of(FaultKind.PublishError), seen.Count);
        await Eventually.TrueAsync(() => sidecar.Faults.Counters.Snapshot().Count == Enum.GetValues<FaultKind>().Length - 1);
    }

    private static int NumberOf(AppRequest request) => request.Json.GetProperty("data").GetInt32();

    private static Task<SidecarUnderTest> StartAsync(FaultPlan plan, TestApp? app = null, int maxConcurrency = -1) => SidecarUnderTest.StartAsync(
        [SidecarUnderTest.PubSub, SidecarUnderTest.Store], new Setup { Faults = new FaultInjection { Plan = plan }, MaxConcurrency = maxConcurrency }, app is null ? [] : [app]);

    private static async Task PublishAsync(SidecarUnderTest sidecar, int count)
    {
        for (var i = 0; i < count; i++)
        {
            await sidecar.PublishAsync($"{i}");
        }
    }

    private static async Task<List<int>> SavesAsync(SidecarUnderTest sidecar, int count, string prefix = "key", string more = "")
    {
        var statuses = new List<int>();
        for (var i = 0; i < count; i++)
        {
            using var response = await sidecar.SaveAsync($"{prefix}{i}", "1", more: more);
            statuses.Add((int)response.StatusCode);
        }

        return statuses;
    }
}
