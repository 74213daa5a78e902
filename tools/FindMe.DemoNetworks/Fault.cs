namespace FindMe.DemoNetworks;

/// <summary>Something that goes wrong at some calls of one endpoint.</summary>
/// <param name="Endpoint">The endpoint's name as <see cref="NetworkCall.Endpoint"/> gives it, for example <c>search</c>; <c>*</c>: every one.</param>
/// <param name="Kind">What goes wrong.</param>
/// <param name="AtCall">The first call that it happens to, counted from 1 after the fault was told.</param>
/// <param name="Times">How many calls in a row it happens to.</param>
public sealed record Fault(string Endpoint, FaultKind Kind, int AtCall = 1, int Times = 1)
{
    /// <summary>What <see cref="FaultKind.Malformed"/> answers. Default: a page that is not JSON.</summary>
    public string Body { get; init; } = "<html><body>Something is technically wrong.</body></html>";

    /// <summary>When a limit ends, after the answer that says so. Default 2 s.</summary>
    public TimeSpan ResetAfter { get; init; } = TimeSpan.FromSeconds(2);
}

/// <summary>What goes wrong, in the words and headers of the network it happens to.</summary>
public enum FaultKind
{
    /// <summary>429 with the network's headers.</summary>
    RateLimited,

    /// <summary>429 for the month's usage (X); elsewhere as <see cref="RateLimited"/>.</summary>
    UsageCapped,

    /// <summary>401: the access token counts as expired, until it is refreshed.</summary>
    Unauthorized,

    /// <summary>403: the app or the account may not do this.</summary>
    Forbidden,

    /// <summary>402: the app has no credits left (X); elsewhere as <see cref="Forbidden"/>.</summary>
    OutOfCredits,

    /// <summary>500.</summary>
    ServerError,

    /// <summary>503.</summary>
    Unavailable,

    /// <summary>The connection breaks after the call was counted and before an answer.</summary>
    Disconnect,

    /// <summary>200 with <see cref="Fault.Body"/>.</summary>
    Malformed,

    /// <summary>200 with <c>errors</c> beside <c>data</c> (X): one post of the page could not be read.</summary>
    PartialErrors,

    /// <summary>200 without <c>includes</c> (X).</summary>
    MissingIncludes,
}

/// <summary>The faults that are still to come. Safe to change while the bench runs.</summary>
public sealed class FaultPlan
{
    private readonly Lock _lock = new();
    private readonly List<(Fault Fault, int Seen)> _faults = [];

    /// <summary>Adds a fault; it counts calls from now on.</summary>
    public void Add(Fault fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        lock (_lock)
        {
            _faults.Add((fault, 0));
        }
    }

    /// <summary>Forgets all faults.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _faults.Clear();
        }
    }

    /// <summary>Counts a call, and says what goes wrong with it.</summary>
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
