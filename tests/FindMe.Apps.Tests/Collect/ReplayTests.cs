using System.Text.Json.Nodes;
using Dapr.Client.Autogen.Grpc.v1;
using FindMe.Collect;
using FindMe.Pipeline;
using LocalDapr;

namespace FindMe.Apps.Tests.Collect;

public sealed class ReplayTests : IDisposable
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private readonly TemporaryFolder _folder = new();

    // Four batches were sent. One photo of the first was given up; those of the third were on their way when the search failed.
    [Fact]
    public async Task A_search_that_is_opened_again_sends_what_was_given_up_and_every_batch_that_was_under_way()
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var sidecar = await LocalSidecar.StartAsync(
            new SidecarOptions { DataPath = _folder.Folder("data"), ResourcesPath = Path.Combine(Checkouts.Root, "components"), Apps = [new SidecarApp("findme-collect", 0, [])] },
            cancellation);
        using var published = new PublishedEvents();
        using var dapr = SidecarClients.ClientOf(sidecar.GrpcEndpointOf("findme-collect"), handler: published);
        var page = new SearchPage(Listing: 1, Photos: 4 * PhotoBatch.Size, FirstBatch: 0);
        var now = TimeProvider.System.GetUtcNow();
        var search = new Search
        {
            Id = new string('a', 32),
            Person = "ada",
            Source = SourceNames.Album,
            Query = "talk",
            CreatedAt = now,
            ExpiresAt = now + Hour,
            Stage = SearchStage.Failed,
            Problem = SearchProblem.FailedRepeatedly,
            Pages = [page],
        };
        await dapr.CreateOrUpdateStateAsync<Search>(StateKeys.Search(search.Id), _ => search, _ => Hour, cancellation);
        foreach (var (number, key) in search.BatchKeys().Index())
        {
            var photos = Enumerable.Range(number * PhotoBatch.Size, PhotoBatch.Size).Select((index, order) => PhotoOf(index, order + 1));
            var batch = new PhotoBatch { Photos = [.. photos], SentAt = now };
            await dapr.CreateOrUpdateStateAsync<PhotoBatch>(key, _ => batch, _ => Hour, cancellation);
        }

        var stalled = new StalledSearches(dapr, new PhotoBatches(dapr, TimeProvider.System), new Failures(dapr, TimeProvider.System), TimeProvider.System);
        await stalled.ReopenAsync(search, cancellation);

        var reopened = await dapr.GetStateAsync<Search>(StateKeys.Store, StateKeys.Search(search.Id), cancellation);
        Assert.Equal(SearchStage.Listed, reopened!.Stage);
        Assert.Equal([3, .. Enumerable.Range(2 * PhotoBatch.Size, PhotoBatch.Size)], published.Indexes.Order());
    }

    public void Dispose() => _folder.Dispose();

    private static BatchPhoto PhotoOf(int index, int order)
    {
        var verdict = PhotoBatch.Of(index) == 2 ? null
            : index == 3 ? Verdict.Skipped("It failed.", "failed-repeatedly") with { GivenUp = true, Order = order }
            : new Verdict { Kind = VerdictKind.No, Order = order };
        return new BatchPhoto(index, $"{index}", new Post($"{index}"), PhotoLocator.InAlbum("talk", $"{index}.jpg"), verdict);
    }

    /// <summary>Notes which photos are published, and passes everything on.</summary>
    private sealed class PublishedEvents() : DelegatingHandler(new SocketsHttpHandler { UseProxy = false })
    {
        public List<int> Indexes { get; } = [];

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.RequestUri!.AbsolutePath.Contains("/BulkPublishEvent", StringComparison.Ordinal))
            {
                // A gRPC message comes after its length: five bytes.
                var body = await request.Content!.ReadAsByteArrayAsync(cancellationToken);
                var events = BulkPublishRequest.Parser.ParseFrom(body.AsSpan(5)).Entries;
                Indexes.AddRange(events.Select(entry => JsonNode.Parse(entry.Event.ToStringUtf8())!["data"]!["index"]!.GetValue<int>()));
            }

            return await base.SendAsync(request, cancellationToken);
        }
    }
}
