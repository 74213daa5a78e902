namespace FindMe.DemoNetworks;

/// <summary>One call that a network has answered.</summary>
/// <param name="Endpoint">The endpoint's name, for example <c>search</c>.</param>
/// <param name="Method">The HTTP method.</param>
/// <param name="PathAndQuery">What was called.</param>
/// <param name="Status">The answer; 0: none, the connection broke.</param>
/// <param name="Posts">How many posts the answer held.</param>
/// <param name="At">When it came.</param>
public sealed record NetworkCall(string Endpoint, string Method, string PathAndQuery, int Status, int Posts, DateTimeOffset At);

/// <summary>What a network was asked, in the order of the answers.</summary>
public sealed class CallLog
{
    private readonly Lock _lock = new();
    private readonly List<NetworkCall> _calls = [];

    /// <summary>Every call.</summary>
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

    /// <summary>The calls of one endpoint.</summary>
    public IReadOnlyList<NetworkCall> Of(string endpoint) => [.. All.Where(call => call.Endpoint == endpoint)];

    /// <summary>How many pages an endpoint has given out: on X, what was paid.</summary>
    public int Pages(string endpoint = "search") => Of(endpoint).Count(call => call.Status == 200);

    /// <summary>How many posts an endpoint has given out: on X, what was paid.</summary>
    public int Posts(string endpoint = "search") => Of(endpoint).Where(call => call.Status == 200).Sum(call => call.Posts);

    internal void Add(NetworkCall call)
    {
        lock (_lock)
        {
            _calls.Add(call);
        }
    }
}

/// <summary>Names the endpoint in the call log and for faults.</summary>
internal sealed record EndpointName(string Name);

/// <summary>How many posts the answer to this request holds.</summary>
internal sealed class PostsServed
{
    public int Count { get; set; }
}
