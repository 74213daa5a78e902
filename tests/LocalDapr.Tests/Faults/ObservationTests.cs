using System.Collections.Concurrent;
using System.Net;

namespace LocalDapr.Tests.Faults;

public sealed class ObservationTests
{
    [Fact]
    public async Task The_observer_sees_each_write_publish_and_delivery_before_and_after_with_its_ordinal()
    {
        var calls = new ConcurrentQueue<ObservedCall>();
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        await using var sidecar = await StartAsync(calls.Enqueue, app);

        using var saved = await sidecar.PostAsync("/v1.0/state/statestore", """[{"key":"a","value":1},{"key":"b","value":1}]""");
        using var deleted = await sidecar.Http.DeleteAsync("/v1.0/state/statestore/a");
        using var done = await sidecar.PostAsync("/v1.0/state/statestore/transaction", """{"operations":[{"operation":"delete","request":{"key":"b"}}]}""");
        using var refused = await sidecar.SaveAsync("a", "1", etag: "wrong");
        await sidecar.PublishAsync("1");
        await Waiting.NothingAsync(sidecar);
        await Eventually.TrueAsync(() => calls.Count == 11);

        Assert.Equal(
            [
                "StateWrite 1 Before save a,b", "StateWrite 1 After save a,b",
                "StateWrite 2 Before delete a", "StateWrite 2 After delete a",
                "StateWrite 3 Before transaction b", "StateWrite 3 After transaction b",
                "StateWrite 4 Before save a",
                "Publish 1 Before publish orders", "Publish 1 After publish orders",
                "Delivery 1 Before done orders", "Delivery 1 After done orders",
            ],
            calls.OrderBy(call => call.Kind).Select(call => $"{call.Kind} {call.Ordinal} {call.Point} {call.Operation} {call.Target}"));
        Assert.All(calls, call => Assert.Equal("shop", call.AppId));
    }

    [Fact]
    public async Task A_call_is_not_done_before_the_observer_lets_it_and_safe_after()
    {
        SidecarUnderTest? sidecar = null;
        var found = new List<bool>();
        await using var test = sidecar = await SidecarUnderTest.StartAsync(
            [SidecarUnderTest.Store], new Setup { Faults = new FaultInjection { Observe = async _ => found.Add(await sidecar!.GetAsync("key") is not null) } });

        using var saved = await sidecar.SaveAsync("key", "1");

        Assert.Equal(HttpStatusCode.NoContent, saved.StatusCode);
        Assert.Equal([false, true], found);
    }

    [Fact]
    public async Task An_app_that_dies_at_a_point_of_its_publish_gets_no_reply_and_the_publish_is_done_all_the_same()
    {
        TestApp? dying = null;
        await using var app = dying = await TestApp.StartAsync("shop", TestApp.Orders());
        await using var sidecar = await SidecarUnderTest.StartAsync(
            [SidecarUnderTest.PubSub], new Setup { Faults = new FaultInjection { Observe = call => call is { Kind: ObservedKind.Publish, Point: ObservedPoint.Before, Ordinal: 2 } ? dying.CloseAsync() : Task.CompletedTask } }, app);

        await sidecar.PublishAsync("1");
        await app.NextAsync();
        await Waiting.NothingAsync(sidecar);
        await sidecar.PublishAsync("2");
        Assert.Equal(0, app.Unread);
        await app.ListenAsync();

        Assert.Equal("2", (await app.NextAsync()).Json.GetProperty("data").GetRawText());
    }

    private static Task<SidecarUnderTest> StartAsync(Action<ObservedCall> observe, TestApp app) => SidecarUnderTest.StartAsync(
        [SidecarUnderTest.PubSub, SidecarUnderTest.Store],
        new Setup
        {
            Faults = new FaultInjection
            {
                Observe = call =>
                {
                    observe(call);
                    return Task.CompletedTask;
                },
            },
        },
        app);
}
