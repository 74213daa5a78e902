namespace LocalDapr.Tests;

/// <summary>Tests that all events of many concurrent callers arrive. <c>bench/FindMe.Load sidecar</c> measures the rate.</summary>
public sealed class ManyCallersTests
{
    private const int Calls = 5000;
    private const int Clients = 32;

    [Fact]
    public async Task Thousands_of_events_and_state_calls_go_through()
    {
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSub, SidecarUnderTest.Store], app);

        await CallAsync(i => sidecar.SaveAsync($"key{i}", """{"photo":"one","found":true}"""));
        await CallAsync(i => sidecar.Http.GetAsync($"/v1.0/state/statestore/key{i}"));
        await CallAsync(_ => sidecar.PostAsync("/v1.0/publish/pubsub/orders", """{"photo":"one"}"""));
        await Waiting.NothingAsync(sidecar);

        Assert.Equal(Calls, sidecar.Sidecar.Traffic.Of("shop").Deliveries);
        Assert.Equal(0, Waiting.Events(sidecar));
    }

    private static async Task CallAsync(Func<int, Task<HttpResponseMessage>> call)
    {
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => Task.Run(async () =>
        {
            for (var i = Interlocked.Increment(ref next); i < Calls; i = Interlocked.Increment(ref next))
            {
                using var response = await call(i);
                Assert.True(response.IsSuccessStatusCode);
            }
        })));
    }
}
