using System.Collections.Concurrent;

namespace LocalDapr;

/// <summary>The sidecar's view of one app id: its ports, components and routes.</summary>
internal sealed class AppSide(SidecarApp app, DeclaredResources resources, TrafficCounter traffic, SidecarOptions options)
{
    private volatile IReadOnlyList<Route> _routes = [];
    private volatile bool _attached;

    public string AppId => app.AppId;

    public IReadOnlyList<int> Ports => app.AppPorts;

    public TrafficCounter Traffic => traffic;

    public IReadOnlyList<Component> Components { get; } =
        [.. resources.Components.Where(component => (component.IsPubSub || component.IsState) && component.IsSeenBy(app.AppId))];

    /// <summary>Maximum concurrent calls to one replica; <see cref="int.MaxValue"/> for no limit.</summary>
    public int MaxConcurrency => app.MaxConcurrency > 0 ? app.MaxConcurrency : int.MaxValue;

    public int MaxBodyBytes => options.MaxBodyBytes;

    public SidecarRules Rules => options.Rules;

    /// <summary>Whether a replica's subscriptions are known; always true for an app without ports.</summary>
    public bool IsReady => _attached || app.AppPorts.Count == 0;

    public IReadOnlyList<Route> Routes => _routes;

    /// <summary>Metadata that callers have set.</summary>
    public ConcurrentDictionary<string, string> Extended { get; } = new();

    public Component? PubSub(string name) => Components.FirstOrDefault(component => component.IsPubSub && component.Name == name);

    public Component? Store(string name) => Components.FirstOrDefault(component => component.IsState && component.Name == name);

    /// <summary>Returns the error for a missing store.</summary>
    public ApiError NoStore(string name) => Components.Any(component => component.IsState) ? ApiError.StoreNotFound(name, AppId) : ApiError.StoreNotConfigured(name, AppId);

    public void Attached(IReadOnlyList<Route> routes)
    {
        _routes = routes;
        _attached = true;
    }

    /// <summary>Creates a client for one replica that behaves like daprd's: no redirects, no proxy, no trace headers.</summary>
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
        if (options.AppApiToken is { } token)
        {
            client.DefaultRequestHeaders.TryAddWithoutValidation("dapr-api-token", token);
        }

        return client;
    }
}
