using System.Diagnostics;

namespace FindMe.Sidecar.Tests;

/// <summary>Prints what this machine does; asserts only that all of it arrives.</summary>
public sealed class ThroughputTests(ITestOutputHelper output)
{
    private const int Calls = 5000;
    private const int Clients = 32;

    [Fact]
    public async Task Thousands_of_events_and_state_calls_go_through()
    {
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSub, SidecarUnderTest.Store], app);

        await MeasureAsync("saves", i => sidecar.SaveAsync($"key{i}", """{"photo":"one","found":true}"""));
        await MeasureAsync("gets", i => sidecar.Http.GetAsync($"/v1.0/state/statestore/key{i}"));
        var clock = Stopwatch.StartNew();
        var before = Environment.CpuUsage.TotalTime;
        await MeasureAsync("publishes, deliveries beside them", i => sidecar.PostAsync("/v1.0/publish/pubsub/orders", """{"photo":"one"}"""));
        await Waiting.NothingAsync(sidecar);
        var processor = Environment.CpuUsage.TotalTime - before;
        output.WriteLine($"publish to last acknowledgement: {Calls / clock.Elapsed.TotalSeconds:F0} events/s");
        output.WriteLine($"processor time of an event, publisher and app included: {processor.TotalMilliseconds / Calls:F2} ms");

        Assert.Equal(Calls, sidecar.Sidecar.Traffic.Of("shop").Deliveries);
        Assert.Equal(0, Waiting.Events(sidecar));
    }

    private async Task MeasureAsync(string what, Func<int, Task<HttpResponseMessage>> call)
    {
        var clock = Stopwatch.StartNew();
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => Task.Run(async () =>
        {
            for (var i = Interlocked.Increment(ref next); i < Calls; i = Interlocked.Increment(ref next))
            {
                using var response = await call(i);
                Assert.True(response.IsSuccessStatusCode);
            }
        })));
        output.WriteLine($"{what}: {Calls / clock.Elapsed.TotalSeconds:F0}/s with {Clients} clients");
    }
}
