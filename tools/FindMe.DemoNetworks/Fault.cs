namespace FindMe.DemoNetworks;

/// <summary>A fault to inject into some requests to one endpoint.</summary>
/// <param name="Endpoint">The endpoint's name as <see cref="NetworkCall.Endpoint"/> gives it, for example <c>search</c>; <c>*</c> for all.</param>
/// <param name="Kind">The kind of fault.</param>
/// <param name="AtCall">The first request to fail, counted from 1 since the fault was added.</param>
/// <param name="Times">Number of consecutive requests to fail.</param>
public sealed record Fault(string Endpoint, FaultKind Kind, int AtCall = 1, int Times = 1)
{
    /// <summary>Response body of <see cref="FaultKind.Malformed"/>. Default: a page that is not JSON.</summary>
    public string Body { get; init; } = "<html><body>Something is technically wrong.</body></html>";

    /// <summary>Time until a rate limit ends, from the response that reports it. Default 2 s.</summary>
    public TimeSpan ResetAfter { get; init; } = TimeSpan.FromSeconds(2);
}

/// <summary>Kinds of faults, which each network reports with its own bodies and headers.</summary>
public enum FaultKind
{
    /// <summary>429 with the network's headers.</summary>
    RateLimited,

    /// <summary>429 for the monthly usage cap (X); on other networks like <see cref="RateLimited"/>.</summary>
    UsageCapped,

    /// <summary>401: the access token has expired and must be refreshed.</summary>
    Unauthorized,

    /// <summary>403: the app or the account is not allowed to do this.</summary>
    Forbidden,

    /// <summary>402: the app has no credits left (X); on other networks like <see cref="Forbidden"/>.</summary>
    OutOfCredits,

    /// <summary>500.</summary>
    ServerError,

    /// <summary>503.</summary>
    Unavailable,

    /// <summary>The connection breaks after the request was counted, without a response.</summary>
    Disconnect,

    /// <summary>200 with <see cref="Fault.Body"/>.</summary>
    Malformed,

    /// <summary>200 with <c>errors</c> in addition to <c>data</c> (X): one post of the page is not available.</summary>
    PartialErrors,

    /// <summary>200 without <c>includes</c> (X).</summary>
    MissingIncludes,
}

/// <summary>The pending faults of a network. Thread-safe.</summary>
public sealed class FaultPlan
{
    private readonly Lock _lock = new();
    private readonly List<(Fault Fault, int Seen)> _faults = [];

    /// <summary>Adds a fault, which counts requests from now on.</summary>
    public void Add(Fault fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        lock (_lock)
        {
            _faults.Add((fault, 0));
        }
    }

    /// <summary>Removes all faults.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _faults.Clear();
        }
    }

    /// <summary>Counts a request and returns its fault; null for none.</summary>
    internal Fault? Next(string endpoint)
    {
        lock (_lock)
        {
            Fault? due = null;
            for (var i = 0; i < _faults.Count; i++)
            {
                var (fault, seen) = _faults[i];
                if (fault.Endpoint != "*" && fault.Endpoint != endpoint)
                {
                    continue;
                }

                _faults[i] = (fault, ++seen);
                due ??= seen >= fault.AtCall && seen < fault.AtCall + fault.Times ? fault : null;
            }

            _faults.RemoveAll(entry => entry.Seen >= entry.Fault.AtCall + entry.Fault.Times - 1);
            return due;
        }
    }
}
