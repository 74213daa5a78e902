using System.Collections.Concurrent;
using System.Collections.Frozen;

namespace LocalDapr;

/// <summary>What one app id sees of its sidecar, and what the sidecar knows of the app.</summary>
internal sealed class AppSide
{
    private readonly SidecarApp _app;
    private readonly string? _appApiToken;
    private readonly FrozenDictionary<string, Component> _pubSubs;
    private readonly FrozenDictionary<string, Component> _stores;
    private volatile IReadOnlyList<Route> _routes = [];
    private volatile bool _attached;

    public AppSide(SidecarApp app, DeclaredResources resources, TrafficCounter traffic, SidecarOptions options)
    {
        _app = app;
        _appApiToken = options.AppApiToken;
        MaxBodyBytes = options.MaxBodyBytes;
        Rules = options.Rules;
        Traffic = traffic;
        Components = [.. resources.Components.Where(component => (component.IsPubSub || component.IsState) && component.IsSeenBy(app.AppId))];
        _pubSubs = Components.Where(component => component.IsPubSub).ToFrozenDictionary(component => component.Name);
        _stores = Components.Where(component => component.IsState).ToFrozenDictionary(component => component.Name);
    }

    public string AppId => _app.AppId;

    public IReadOnlyList<int> Ports => _app.AppPorts;

    public TrafficCounter Traffic { get; }

    public IReadOnlyList<Component> Components { get; }

    /// <summary>Calls at a time to one replica; <see cref="int.MaxValue"/> for no limit.</summary>
    public int MaxConcurrency => _app.MaxConcurrency > 0 ? _app.MaxConcurrency : int.MaxValue;

    public int MaxBodyBytes { get; }

    public SidecarRules Rules { get; }

    /// <summary>Ready once a replica was asked for its subscriptions; an app without ports has nothing to wait for.</summary>
    public bool IsReady => _attached || _app.AppPorts.Count == 0;

    public IReadOnlyList<Route> Routes => _routes;

    /// <summary>What callers put into the metadata endpoint.</summary>
    public ConcurrentDictionary<string, string> Extended { get; } = new();

    public Component? PubSub(string name) => _pubSubs.GetValueOrDefault(name);

    public Component? Store(string name) => _stores.GetValueOrDefault(name);

    /// <summary>Why there is no store of that name.</summary>
    public ApiError NoStore(string name) => _stores.Count > 0 ? ApiError.StoreNotFound(name, AppId) : ApiError.StoreNotConfigured(name, AppId);

    public void Attached(IReadOnlyList<Route> routes)
    {
        _routes = routes;
        _attached = true;
    }

    /// <summary>A client for one replica that does what daprd's does: no redirects, no proxy, no trace headers of its own.</summary>
    public HttpClient ClientOf(int port)
    {
        var client = new HttpClient(new SocketsHttpHandler
        {
            ActivityHeadersPropagator = null,
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
        })
        {
            BaseAddress = new Uri($"http://127.0.0.1:{port}"),
            MaxResponseContentBufferSize = MaxBodyBytes,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        if (_appApiToken is not null)
        {
            client.DefaultRequestHeaders.TryAddWithoutValidation("dapr-api-token", _appApiToken);
        }

        return client;
    }
}
