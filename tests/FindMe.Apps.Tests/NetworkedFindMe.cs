using Dapr.Client;
using FindMe.Apps.Tests;
using FindMe.Local;
using FindMe.DemoNetworks;
using FindMe.DemoNetworks.X;

[assembly: AssemblyFixture(typeof(NetworkedFindMe))]

namespace FindMe.Apps.Tests;

/// <summary>The real apps with networks on this machine that they search; started by the first test that needs it. Each test has a hashtag of its own.</summary>
public sealed class NetworkedFindMe : IAsyncDisposable
{
    /// <summary>Posts of one page, whatever is asked for; on X as many as FindMe asks for.</summary>
    private const int PageSize = 10;
    private const int XPageSize = 64;

    /// <summary>Bytes of uploads that are kept of a person.</summary>
    internal const int UploadBytesPerPerson = 40_000_000;

    private readonly SemaphoreSlim _start = new(1);
    private readonly TemporaryFolder _folder = new();
    private LocalSystem? _system;
    private NetworkBench? _bench;
    private NetworkBench? _xBench;

    internal LocalSystem System => _system ?? throw new InvalidOperationException("Not started.");

    internal NetworkBench Bench => _bench ?? throw new InvalidOperationException("Not started.");

    internal XApi X => _xBench!.X;

    /// <summary>The state store as Api sees it.</summary>
    internal DaprClient Dapr => SidecarClients.ClientOf(System.Sidecar.GrpcEndpointOf("findme-api"), System.DaprApiToken);

    internal string Data => Path.Combine(_folder.Path, "data");

    /// <summary>Starts what is not started yet, calms the networks, and lets somebody show the leftmost face of the first demo photo.</summary>
    internal async Task<Visitor> NewVisitorAsync()
    {
        await _start.WaitAsync();
        try
        {
            if (_system is null)
            {
                await StartAsync();
            }
        }
        finally
        {
            _start.Release();
        }

        foreach (var network in Bench.All.Append(X))
        {
            network.Faults.Clear();
            network.Limit = null;
        }

        var visitor = new Visitor(System.Page);
        await visitor.ShowDemoFaceAsync();
        return visitor;
    }

    internal Network NetworkOf(string source) => source switch
    {
        "mastodon" => Bench.Mastodon,
        "bluesky" => Bench.Bluesky,
        "x" => X,
        _ => throw new ArgumentOutOfRangeException(nameof(source)),
    };

    /// <summary>What to search for; on X with a cap that no test reaches.</summary>
    internal static object Wish(string source, string query) => source == "x" ? new { source, query, maxCost = 5m } : new { source, query };

    /// <summary>Publishes posts on twelve pages with 120 photos: 12 show faces, the others are gone; X's further posts have none to be had.</summary>
    /// <returns>How many posts.</returns>
    internal int PublishTwelvePages(Network network, string hashtag)
    {
        var posts = 12 * (network == X ? XPageSize : PageSize);
        for (var number = 0; number < posts; number++)
        {
            network.Publish(new ScenarioPost
            {
                Text = $"At #{hashtag} ({number})",
                MinutesAgo = number + 1,
                Media = [number < 120 && number % 10 == 0
                    ? new() { Picture = $"demo/{number / 10 % 6}?scale=40&cut={number / 60 * 20}" }
                    : new() { Picture = $"mosaic/{number}", Behaviour = MediaBehaviour.Missing, MissingFromIncludes = number >= 120 }],
            });
        }

        return posts;
    }

    public async ValueTask DisposeAsync()
    {
        if (_system is not null)
        {
            await _system.DisposeAsync();
            await _bench!.DisposeAsync();
            await _xBench!.DisposeAsync();
        }

        _start.Dispose();
        _folder.Dispose();
    }

    private async Task StartAsync()
    {
        _bench = await NetworkBench.StartAsync(new Scenario
        {
            PageSize = PageSize,
            Accounts =
            [
                new() { Name = "ann" },
                new() { Name = "shy", Indexable = false },
                new() { Name = "nob", Note = "No robots please. #nobot" },
                new() { Name = "mem", Labels = ["!no-unauthenticated"] },
            ],
            Mastodon = [new(), new(), new() { HashtagFeeds = FeedAccess.Authenticated }],
        });
        _xBench = await NetworkBench.StartAsync(new Scenario { PageSize = XPageSize, Accounts = [new() { Name = "ann" }] });
        var settings = new Dictionary<string, string>
        {
            ["Logging__LogLevel__FindMe"] = "Debug",
            ["Recovery__Interval"] = "00:00:00.2",
            ["Collect__FirstWait"] = "00:00:00.2",
            ["Collect__MaxBarrenPages"] = "5",
            ["DeadLetters__RetryAfter"] = "00:00:00.2",
            ["Fetching__Timeout"] = "00:00:03",
            ["Fetching__RetryDelay"] = "00:00:00.02",
            ["Sources__Bluesky__Service"] = _bench.Bluesky.Address.AbsoluteUri,
            ["Sources__Bluesky__Identifier"] = "ann.test",
            ["Sources__Bluesky__AppPassword"] = _bench.Scenario.Accounts[0].AppPassword,
            ["Sources__X__ApprovedByX"] = "true",
            ["Sources__X__Contact"] = "operator@example.com",
            ["Sources__X__Api"] = X.Address.AbsoluteUri,
            ["Sources__X__BearerToken"] = _xBench.Scenario.X.BearerToken,
            ["Uploads__MaxBytes"] = "5000000",
            ["Uploads__MaxUnpackedBytes"] = "20000000",
            ["Uploads__MaxEntries"] = "50",
            ["UploadSpace__MaxBytesPerPerson"] = $"{UploadBytesPerPerson}",
        };
        foreach (var (number, instance) in _bench.MastodonInstances.Index())
        {
            settings[$"Sources__Mastodon__Instances__{number}"] = instance.Address.AbsoluteUri;
        }

        foreach (var (number, address) in _bench.All.Append(X).Select(network => network.Address).Append(_bench.Media.Address).Append(_xBench.Media.Address).Index())
        {
            settings[$"Fetching__AllowedPrivateHosts__{number}"] = address.Authority;
        }

        _system = await LocalSystem.StartAsync(
            new LocalSystemOptions { Checkout = Checkout.Find(), DataPath = Data, Albums = [], Settings = settings }, CancellationToken.None);
    }
}
