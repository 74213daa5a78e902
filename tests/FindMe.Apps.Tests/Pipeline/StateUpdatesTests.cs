using FindMe.Pipeline;
using FindMe.Pipeline.Dapr;
using FindMe.Sidecar;

namespace FindMe.Apps.Tests.Pipeline;

public sealed class StateUpdatesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task What_was_written_and_answered_as_a_conflict_is_not_written_twice()
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var sidecar = await LocalSidecar.StartAsync(
            new SidecarOptions
            {
                DataPath = _folder.Folder("data"),
                ResourcesPath = Path.Combine(Checkouts.Root, "components"),
                Apps = [new SidecarApp("findme-api", 0, [])],
                Chaos = new ChaosOptions { RepeatWriteEvery = 1 },
            },
            cancellation);
        using var http = new HttpClient { BaseAddress = new Uri(sidecar.EndpointOf("findme-api").GetLeftPart(UriPartial.Authority)) };
        var dapr = new DaprClient(http);

        for (var i = 0; i < 3; i++)
        {
            await dapr.CreateOrUpdateStateAsync<Count>("count", count => new Count((count?.Value ?? 0) + 1), _ => TimeSpan.FromHours(1), cancellation);
            await dapr.UpdateStateAsync<Count>("count", count => count with { Value = count.Value + 1 }, _ => TimeSpan.FromHours(1), cancellation);
        }

        Assert.Equal(6, (await dapr.GetStateAsync<Count>(StateKeys.Store, "count", cancellation))!.Value);
        Assert.Equal(6, sidecar.Chaos.Of(ChaosKind.RepeatedWrite));
    }

    public void Dispose() => _folder.Dispose();

    private sealed record Count(int Value) : Document;
}
