namespace FindMe.DemoNetworks;

/// <summary>One request to a network.</summary>
/// <param name="Endpoint">The endpoint's name, for example <c>search</c>.</param>
/// <param name="Method">The HTTP method.</param>
/// <param name="PathAndQuery">The request's path and query.</param>
/// <param name="Status">The response status; 0 when the connection was broken off instead.</param>
/// <param name="Posts">Number of posts in the response.</param>
/// <param name="At">When the request arrived.</param>
public sealed record NetworkCall(string Endpoint, string Method, string PathAndQuery, int Status, int Posts, DateTimeOffset At);

/// <summary>The requests to a network, in the order of its responses.</summary>
public sealed class CallLog
{
    private readonly Lock _lock = new();
    private readonly List<NetworkCall> _calls = [];

    /// <summary>All requests.</summary>
    public IReadOnlyList<NetworkCall> All
    {
        get
        {
            lock (_lock)
            {
                return [.. _calls];
            }
        }
    }

    /// <summary>Returns the requests to one endpoint.</summary>
    public IReadOnlyList<NetworkCall> Of(string endpoint) => [.. All.Where(call => call.Endpoint == endpoint)];

    /// <summary>Returns the number of pages that an endpoint returned.</summary>
    public int Pages(string endpoint = "search") => Of(endpoint).Count(call => call.Status == 200);

    /// <summary>Returns the number of posts that an endpoint returned, which X charges for.</summary>
    public int Posts(string endpoint = "search") => Of(endpoint).Where(call => call.Status == 200).Sum(call => call.Posts);

    internal void Add(NetworkCall call)
    {
        lock (_lock)
        {
            _calls.Add(call);
        }
    }
}

/// <summary>Endpoint metadata: its name in the call log and in faults.</summary>
internal sealed record EndpointName(string Name);

/// <summary>Request feature: the number of posts in the response.</summary>
internal sealed class PostsServed
{
    public int Count { get; set; }
}
