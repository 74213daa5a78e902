using FindMe.DemoNetworks.Bluesky;
using FindMe.DemoNetworks.Mastodon;
using FindMe.DemoNetworks.Media;
using FindMe.DemoNetworks.X;

namespace FindMe.DemoNetworks;

/// <summary>The ports of the bench.</summary>
/// <param name="First">The first port, followed by the others; 0 picks free ports.</param>
public sealed record NetworkPorts(int First = 0)
{
    internal int Next(ref int used) => First == 0 ? 0 : First + used++;
}

/// <summary>Runs the networks and media host of a scenario on loopback ports.</summary>
/// <example>
/// <code>
/// await using var networks = await NetworkBench.StartAsync(new Scenario { MastodonPosts = Scenario.Posts(480), PageSize = 40 });
/// networks.Mastodon.Faults.Add(new Fault("search", FaultKind.RateLimited, AtCall: 3));
/// // … search networks.Mastodon.Address …
/// Assert.InRange(networks.Mastodon.Calls.Pages(), 12, 13);
/// </code>
/// </example>
public sealed class NetworkBench : IAsyncDisposable
{
    private readonly WebApplication _private = LoopbackHost.Build(0);
    private WebApplication? _control;
    private int _privateHits;

    private NetworkBench(Scenario scenario, TimeProvider time)
    {
        Scenario = scenario;
        Media = new MediaHost(scenario.Pictures, () => PrivateAddress);
        var federation = new MastodonFederation(scenario, Media, time);
        MastodonInstances = [.. scenario.Mastodon.Select((_, number) => new MastodonInstance(number, scenario, federation, time))];
        X = new XApi(scenario, Media, time);
        Bluesky = new BlueskyServer(scenario, Media, time);
    }

    /// <summary>The scenario.</summary>
    public Scenario Scenario { get; }

    /// <summary>The media host.</summary>
    public MediaHost Media { get; }

    /// <summary>The first Mastodon instance.</summary>
    public MastodonInstance Mastodon => MastodonInstances[0];

    /// <summary>All Mastodon instances.</summary>
    public IReadOnlyList<MastodonInstance> MastodonInstances { get; }

    /// <summary>X.</summary>
    public XApi X { get; }

    /// <summary>Bluesky.</summary>
    public BlueskyServer Bluesky { get; }

    /// <summary>The target of <see cref="MediaBehaviour.RedirectToPrivate"/>, which fetching a photo must never reach.</summary>
    public Uri PrivateAddress { get; private set; } = new("http://127.0.0.1");

    /// <summary>Number of requests to <see cref="PrivateAddress"/>.</summary>
    public int PrivateHits => _privateHits;

    /// <summary>Address of <see cref="ControlRoutes"/>.</summary>
    public Uri ControlAddress { get; private set; } = new("http://127.0.0.1");

    /// <summary>All networks.</summary>
    public IReadOnlyList<Network> All => [.. MastodonInstances, X, Bluesky];

    /// <summary>All addresses by name.</summary>
    public IReadOnlyDictionary<string, Uri> Addresses => All.ToDictionary(network => network.Name, network => network.Address)
        .Append(new("media", Media.Address))
        .Append(new("control", ControlAddress))
        .ToDictionary();

    /// <summary>Environment variables that make FindMe search these networks and sign people in there.</summary>
    public IReadOnlyDictionary<string, string> Settings
    {
        get
        {
            var settings = new Dictionary<string, string>
            {
                ["Sources__X__ApprovedByX"] = "true",
                ["Sources__X__Contact"] = "the bench, which is not X",
                ["Sources__X__Api"] = X.Address.AbsoluteUri,
                ["Sources__X__BearerToken"] = Scenario.X.BearerToken,
                ["Sources__Bluesky__Service"] = Bluesky.Address.AbsoluteUri,
                ["Sources__Bluesky__Identifier"] = BlueskyPosts.HandleOf(Scenario.Accounts[0]),
                ["Sources__Bluesky__AppPassword"] = Scenario.Accounts[0].AppPassword,
                ["SignIn__XClientId"] = Scenario.X.ClientId,
                ["SignIn__XAuthorize"] = new Uri(X.Address, "/i/oauth2/authorize").AbsoluteUri,
                ["SignIn__BlueskyDirectory"] = Bluesky.Address.AbsoluteUri,
            };
            if (Scenario.X.ClientSecret is { } secret)
            {
                settings["SignIn__XClientSecret"] = secret;
            }

            for (var i = 0; i < MastodonInstances.Count; i++)
            {
                settings[$"Sources__Mastodon__Instances__{i}"] = MastodonInstances[i].Address.GetLeftPart(UriPartial.Authority);
            }

            var hosts = All.Select(network => network.Address).Append(Media.Address).Select(address => address.Authority).ToList();
            for (var i = 0; i < hosts.Count; i++)
            {
                settings[$"Fetching__AllowedPrivateHosts__{i}"] = hosts[i];
            }

            return settings;
        }
    }

    /// <summary>All secrets that the networks know or have issued.</summary>
    public IEnumerable<string> Secrets => All.SelectMany(network => network.Grants.Secrets);

    /// <summary>Starts the networks.</summary>
    /// <param name="scenario">The accounts and posts.</param>
    /// <param name="ports">The ports; null for free ones.</param>
    /// <param name="time">The clock; null for the system clock.</param>
    /// <returns>The running networks; dispose of them to stop them.</returns>
    public static async Task<NetworkBench> StartAsync(Scenario scenario, NetworkPorts? ports = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        var networks = new NetworkBench(scenario, time ?? TimeProvider.System);
        var (free, used) = (ports ?? new NetworkPorts(), 0);
        networks._private.MapFallback(() =>
        {
            Interlocked.Increment(ref networks._privateHits);
            return "This host is private.";
        });
        networks.PrivateAddress = await LoopbackHost.StartAsync(networks._private);
        await networks.Media.StartAsync(free.Next(ref used));
        foreach (var network in networks.All)
        {
            await network.StartAsync(free.Next(ref used));
        }

        networks._control = LoopbackHost.Build(free.Next(ref used));
        networks._control.MapControl(networks);
        networks.ControlAddress = await LoopbackHost.StartAsync(networks._control);
        return networks;
    }

    /// <summary>Stops the networks.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var network in All)
        {
            await network.DisposeAsync();
        }

        if (_control is not null)
        {
            await _control.DisposeAsync();
        }

        await Media.DisposeAsync();
        await _private.DisposeAsync();
    }
}
