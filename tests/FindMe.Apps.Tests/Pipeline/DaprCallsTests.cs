using System.Net;
using System.Net.Sockets;
using Dapr;
using Dapr.Client.Autogen.Grpc.v1;
using FindMe.Pipeline;
using Google.Protobuf;
using LocalDapr;

namespace FindMe.Apps.Tests.Pipeline;

public sealed class DaprCallsTests : IAsyncLifetime
{
    private const string App = "findme-api";
    private const string Token = "0123456789abcdef";

    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private readonly TemporaryFolder _folder = new();
    private LocalSidecar? _sidecar;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private Uri Sidecar => _sidecar!.GrpcEndpointOf(App);

    // The SDK itself sends no token with bulk saves.
    [Fact]
    public async Task A_sidecar_with_a_token_takes_every_call()
    {
        using var dapr = SidecarClients.ClientOf(Sidecar, Token);

        await dapr.SaveBulkStateAsync(StateKeys.Store, [("a", new Text("one")), ("b", new Text("two"))], Hour, Cancellation);
        await dapr.BulkPublishAsync(Topics.TweetImage, [("1", new Text("event"))], Cancellation);

        Assert.Equal(new Text("two"), await dapr.GetStateAsync<Text>(StateKeys.Store, "b", Cancellation));
    }

    [Fact]
    public async Task A_sidecar_that_refuses_the_token_or_is_not_there_is_a_failure_that_says_which()
    {
        using var stranger = SidecarClients.ClientOf(Sidecar, "another");
        using var alone = SidecarClients.ClientOf(new Uri("http://127.0.0.1:1"));

        var refused = await Assert.ThrowsAsync<DaprException>(() => stranger.GetStateAsync<Text>(StateKeys.Store, "a", Cancellation));
        var gone = await Assert.ThrowsAsync<DaprException>(() => alone.SaveStateAsync(StateKeys.Store, "a", new Text("one"), Hour, Cancellation));

        Assert.Equal("Dapr failed to get a: Unauthenticated.", refused.Message);
        Assert.Equal("The Dapr sidecar could not be reached to save a.", gone.Message);
    }

    // 60 documents of 100 kB: more than one gRPC message may have.
    [Fact]
    public async Task What_is_too_large_for_one_answer_is_read_in_several()
    {
        using var dapr = SidecarClients.ClientOf(Sidecar, Token);
        var keys = Enumerable.Range(0, 60).Select(number => $"large/{number}").ToList();
        await dapr.SaveBulkStateAsync(StateKeys.Store, keys.Select(key => (key, new Text(new string('x', 100_000)))), Hour, Cancellation);

        var found = await dapr.GetBulkStateAsync(StateKeys.Store, [.. keys, "missing"], Cancellation);

        Assert.Equal(keys.Order(), found.Keys.Order());
    }

    // A search that could not be read must not look like one that was deleted.
    [Fact]
    public async Task A_key_that_fails_in_a_bulk_read_is_read_alone_and_not_taken_for_one_without_a_value()
    {
        using var unreadable = new UnreadableInBulk();
        using var dapr = SidecarClients.ClientOf(Sidecar, Token, unreadable);
        await dapr.SaveStateAsync(StateKeys.Store, "search/1", new Text("here"), Hour, Cancellation);

        var found = await dapr.GetBulkStateAsync(StateKeys.Store, ["search/1", "search/2"], Cancellation);

        Assert.Equal("here", found["search/1"].Value.GetProperty("value").GetString());
        Assert.Equal(["search/1"], found.Keys);
        Assert.Equal(1, unreadable.Answers);
    }

    [Fact]
    public async Task A_refused_etag_is_an_answer_and_a_document_deleted_meanwhile_refuses_too()
    {
        using var dapr = SidecarClients.ClientOf(Sidecar, Token);
        Assert.True(await dapr.TrySaveStateAsync(StateKeys.Store, "document", new Text("one"), "", Hour, Cancellation));
        var (_, etag) = await dapr.GetStateAndETagAsync<Text>(StateKeys.Store, "document", Cancellation);
        Assert.True(await dapr.TrySaveStateAsync(StateKeys.Store, "document", new Text("two"), etag, Hour, Cancellation));

        Assert.False(await dapr.TrySaveStateAsync(StateKeys.Store, "document", new Text("three"), etag, Hour, Cancellation));
        await dapr.DeleteStateAsync(StateKeys.Store, "document", Cancellation);
        Assert.False(await dapr.TrySaveStateAsync(StateKeys.Store, "document", new Text("four"), etag, Hour, Cancellation));
        Assert.Equal((null, ""), await dapr.GetStateAndETagAsync<Text>(StateKeys.Store, "document", Cancellation));
    }

    [Fact]
    public async Task A_sidecar_that_accepts_a_call_and_never_answers_is_a_failure_when_the_time_is_over()
    {
        using var mute = new TcpListener(IPAddress.Loopback, 0);
        mute.Start();
        using var dapr = SidecarClients.ClientOf(new Uri($"http://{mute.LocalEndpoint}"));
        Assert.Equal(TimeSpan.FromSeconds(30), DaprCalls.Timeout);

        var failure = await Assert.ThrowsAsync<DaprException>(() => DaprCalls.CallAsync(
            "get a", token => dapr.GetStateAsync<Text>(StateKeys.Store, "a", token), TimeSpan.FromSeconds(0.5), Cancellation));

        Assert.Equal("The Dapr sidecar did not get a within 0.5 s.", failure.Message);
    }

    [Fact]
    public async Task A_call_that_its_caller_cancels_is_cancelled_and_no_failure()
    {
        using var mute = new TcpListener(IPAddress.Loopback, 0);
        mute.Start();
        using var dapr = SidecarClients.ClientOf(new Uri($"http://{mute.LocalEndpoint}"));
        using var caller = new CancellationTokenSource(TimeSpan.FromSeconds(0.3));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => dapr.GetBulkStateAsync(StateKeys.Store, ["a"], caller.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => dapr.PublishAsync(Topics.TweetImage, "1", new Text("event"), caller.Token));
    }

    public async ValueTask InitializeAsync() =>
        _sidecar = await LocalSidecar.StartAsync(
            new SidecarOptions
            {
                DataPath = _folder.Folder("data"),
                ResourcesPath = Path.Combine(Checkouts.Root, "components"),
                Apps = [new SidecarApp(App, 0, [])],
                DaprApiToken = Token,
            },
            Cancellation);

    public async ValueTask DisposeAsync()
    {
        if (_sidecar is not null)
        {
            await _sidecar.DisposeAsync();
        }

        _folder.Dispose();
    }

    private sealed record Text(string Value);

    /// <summary>Answers bulk reads as daprd does where its store fails for each key: an error in place of the value.</summary>
    private sealed class UnreadableInBulk() : DelegatingHandler(new SocketsHttpHandler { UseProxy = false })
    {
        private const int PrefixBytes = 5;

        public int Answers { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.TryAddWithoutValidation("dapr-api-token", Token);
            var answer = await base.SendAsync(request, cancellationToken);
            if (!request.RequestUri!.AbsolutePath.EndsWith("/GetBulkState", StringComparison.Ordinal))
            {
                return answer;
            }

            var body = await answer.Content.ReadAsByteArrayAsync(cancellationToken);
            var items = GetBulkStateResponse.Parser.ParseFrom(body.AsSpan(PrefixBytes));
            foreach (var item in items.Items)
            {
                (item.Data, item.Etag, item.Error) = (ByteString.Empty, "", "connection reset by peer");
            }

            var message = items.ToByteArray();
            byte[] prefix = [0, .. BitConverter.GetBytes(IPAddress.HostToNetworkOrder(message.Length))];
            answer.Content = new ByteArrayContent([.. prefix, .. message]) { Headers = { ContentType = answer.Content.Headers.ContentType } };
            Answers++;
            return answer;
        }
    }
}
