using Dapr.Client;
using FindMe.Pipeline;
using Grpc.Core;
using LocalDapr;
using LocalDapr.Faults;

namespace FindMe.Apps.Tests.Pipeline;

public sealed class StateUpdatesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task What_was_written_and_answered_as_a_conflict_is_not_written_twice()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var faults = new FaultInjection { Plan = new FaultPlan { RepeatWriteEvery = 1 } };
        await using var sidecar = await LocalSidecar.StartAsync(
            new SidecarOptions
            {
                DataPath = _folder.Folder("data"),
                ResourcesPath = Path.Combine(Checkouts.Root, "components"),
                Apps = [new SidecarApp("findme-api", 0, [])],
                Interceptor = faults,
            },
            cancellation);
        using var dapr = SidecarClients.ClientOf(sidecar.GrpcEndpointOf("findme-api"));

        for (var i = 0; i < 3; i++)
        {
            await dapr.CreateOrUpdateStateAsync<Count>("count", count => new Count((count?.Value ?? 0) + 1), _ => TimeSpan.FromHours(1), cancellation);
            await dapr.UpdateStateAsync<Count>("count", count => count with { Value = count.Value + 1 }, _ => TimeSpan.FromHours(1), cancellation);
        }

        Assert.Equal(6, (await dapr.GetStateAsync<Count>(StateKeys.Store, "count", cancellation))!.Value);
        Assert.Equal(6, faults.Counters.Of(FaultKind.RepeatedWrite));
    }

    // What a store answers where somebody else has created the document meanwhile: only SQLite calls that a conflict.
    [Theory]
    [InlineData(StoreProfile.Sqlite, StatusCode.Aborted)]
    [InlineData(StoreProfile.PostgreSql, StatusCode.Internal)]
    [InlineData(StoreProfile.Redis, StatusCode.Internal)]
    public async Task Of_two_that_create_a_document_at_once_the_second_reads_again_and_changes_what_the_first_wrote(StoreProfile store, StatusCode refusal)
    {
        var cancellation = TestContext.Current.CancellationToken;
        DaprClient? other = null;
        await using var sidecar = await LocalSidecar.StartAsync(
            new SidecarOptions
            {
                DataPath = _folder.Folder("data"),
                ResourcesPath = Path.Combine(Checkouts.Root, "components"),
                Apps = [new SidecarApp("findme-api", 0, [])],
                Rules = Imitations.Of(BrokerProfile.Local, store),
                Interceptor = new FaultInjection
                {
                    Observe = async call =>
                    {
                        // Between the first look and the first write.
                        if (call is { Kind: ObservedKind.StateWrite, Point: ObservedPoint.Before } && Interlocked.Exchange(ref other, null) is { } creator)
                        {
                            Assert.True(await creator.TrySaveStateAsync(StateKeys.Store, "count", new Count(40), "", TimeSpan.FromHours(1), cancellation));
                        }
                    },
                },
            },
            cancellation);
        using var answers = new Answers();
        using var dapr = SidecarClients.ClientOf(sidecar.GrpcEndpointOf("findme-api"), handler: answers);
        using var first = SidecarClients.ClientOf(sidecar.GrpcEndpointOf("findme-api"));
        other = first;

        var count = await dapr.CreateOrUpdateStateAsync<Count>(
            "count", count => new Count((count?.Value ?? 0) + 2), _ => TimeSpan.FromHours(1), cancellation);

        Assert.Equal(42, count.Value);
        Assert.Equal(42, (await dapr.GetStateAsync<Count>(StateKeys.Store, "count", cancellation))!.Value);
        Assert.Equal([refusal, StatusCode.OK], answers.OfWrites);
    }

    // Without a broker's limit here: a sidecar that takes as much as Service Bus does, and one that takes what daprd does.
    [Fact]
    public async Task What_is_too_large_for_one_request_goes_in_several()
    {
        var cancellation = TestContext.Current.CancellationToken;
        SidecarOptions Options(string data, int maxBodyBytes) => new()
        {
            DataPath = _folder.Folder(data),
            ResourcesPath = Path.Combine(Checkouts.Root, "components"),
            Apps = [new SidecarApp("findme-collect", 0, [])],
            MaxBodyBytes = maxBodyBytes,
        };
        await using var broker = await LocalSidecar.StartAsync(Options("broker", 256 << 10), cancellation);
        await using var store = await LocalSidecar.StartAsync(Options("store", 4 << 20), cancellation);
        using var toBroker = SidecarClients.ClientOf(broker.GrpcEndpointOf("findme-collect"));
        using var toStore = SidecarClients.ClientOf(store.GrpcEndpointOf("findme-collect"));
        var text = new string('é', 100_000);

        await toBroker.BulkPublishAsync(
            Topics.TweetImage, Enumerable.Range(0, 32).Select(number => ($"{number}", text[..5_000])), cancellation);
        await toStore.SaveBulkStateAsync(StateKeys.Store, Enumerable.Range(0, 8).Select(number => ($"{number}", text)), TimeSpan.FromHours(1), cancellation);

        var found = await toStore.GetBulkStateAsync(StateKeys.Store, [.. Enumerable.Range(0, 8).Select(number => $"{number}")], cancellation);
        Assert.Equal(8, found.Count);
    }

    public void Dispose() => _folder.Dispose();

    private sealed record Count(int Value) : Document;

    /// <summary>Notes what each write was answered.</summary>
    private sealed class Answers() : DelegatingHandler(new SocketsHttpHandler())
    {
        public List<StatusCode> OfWrites { get; } = [];

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var answer = await base.SendAsync(request, cancellationToken);
            if (request.RequestUri!.AbsolutePath.EndsWith("/SaveState", StringComparison.Ordinal))
            {
                // A failure has its status in the headers, since it has no body.
                OfWrites.Add(answer.Headers.TryGetValues("grpc-status", out var status) ? (StatusCode)int.Parse(status.Single()) : StatusCode.OK);
            }

            return answer;
        }
    }
}
