using FindMe.Apps.Tests;
using FindMe.Local;
using FindMe.Networks;

[assembly: AssemblyFixture(typeof(NetworkedFindMe))]

namespace FindMe.Apps.Tests;

/// <summary>The real apps with networks on this machine that they search; started by the first test that needs it. Each test has a hashtag of its own.</summary>
public sealed class NetworkedFindMe : IAsyncDisposable
{
    /// <summary>Posts of one page, whatever is asked for.</summary>
    public const int PageSize = 10;

    private readonly SemaphoreSlim _start = new(1);
    private readonly TemporaryFolder _folder = new();
    private LocalSystem? _system;
    private NetworkBench? _bench;

    internal LocalSystem System => _system ?? throw new InvalidOperationException("Not started.");

    internal NetworkBench Bench => _bench ?? throw new InvalidOperationException("Not started.");

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

        foreach (var network in Bench.All)
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
        "x" => Bench.X,
        _ => throw new ArgumentOutOfRangeException(nameof(source)),
    };

    /// <summary>Publishes posts on a network: 120 on 12 pages, of which every tenth shows a photo with faces, and the others one that is gone.</summary>
    internal static void PublishTwelvePages(Network network, string hashtag)
    {
        for (var number = 0; number < 12 * PageSize; number++)
        {
            network.Publish(new ScenarioPost
            {
                Text = $"At #{hashtag} ({number})",
                MinutesAgo = number + 1,
                Media = [number % 10 == 0
                    ? new() { Picture = $"demo/{number / 10 % 6}?scale=40&cut={number / 60 * 20}" }
                    : new() { Picture = $"mosaic/{number}", Behaviour = MediaBehaviour.Missing }],
            });
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_system is not null)
        {
            await _system.DisposeAsync();
            await _bench!.DisposeAsync();
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
        var settings = new Dictionary<string, string>
        {
            ["Logging__LogLevel__FindMe"] = "Debug",
            ["Wakeups__Interval"] = "00:00:00.2",
            ["Collect__FirstWait"] = "00:00:00.2",
            ["Fetching__Timeout"] = "00:00:03",
            ["Fetching__RetryDelay"] = "00:00:00.02",
            ["Sources__Bluesky__Service"] = _bench.Bluesky.Address.AbsoluteUri,
            ["Sources__Bluesky__Identifier"] = "ann.test",
            ["Sources__Bluesky__AppPassword"] = _bench.Scenario.Accounts[0].AppPassword,
            ["Sources__X__ApprovedByX"] = "true",
            ["Sources__X__Contact"] = "operator@example.com",
            ["Sources__X__Api"] = _bench.X.Address.AbsoluteUri,
            ["Sources__X__BearerToken"] = _bench.Scenario.X.BearerToken,
            ["Uploads__MaxBytes"] = "5000000",
            ["Uploads__MaxUnpackedBytes"] = "20000000",
            ["Uploads__MaxEntries"] = "50",
        };
        foreach (var (number, instance) in _bench.MastodonInstances.Index())
        {
            settings[$"Sources__Mastodon__Instances__{number}"] = instance.Address.AbsoluteUri;
        }

        foreach (var (number, address) in _bench.All.Select(network => network.Address).Append(_bench.Media.Address).Index())
        {
            settings[$"Fetching__AllowedPrivateHosts__{number}"] = address.Authority;
        }

        _system = await LocalSystem.StartAsync(
            new LocalSystemOptions { Checkout = Checkout.Find(), DataPath = Data, Albums = [], Settings = settings }, CancellationToken.None);
    }
}
