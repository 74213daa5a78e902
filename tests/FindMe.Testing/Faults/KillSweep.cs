using FindMe.Local;
using LocalDapr.Faults;

namespace FindMe.Testing;

/// <summary>One death: an app, at its n-th write or publish of a search, before it was done or after it was but before the reply.</summary>
/// <param name="App">The app id.</param>
/// <param name="Ordinal">Which write or publish of the search, from 1, in the order in which they come.</param>
/// <param name="Point">Before or after.</param>
internal sealed record Death(string App, int Ordinal, ObservedPoint Point);

/// <summary>What a death came to.</summary>
/// <param name="Death">The death.</param>
/// <param name="At">What was being written, such as <c>save search/…</c>.</param>
/// <param name="Differences">What differs from the calm run; empty: nothing.</param>
/// <param name="Cost">What the search says that it has cost, in US dollars.</param>
internal sealed record DeathResult(Death Death, string At, IReadOnlyList<string> Differences, decimal Cost);

/// <summary>Kills an app at every state write and publish of a search in turn: always the same verdicts.</summary>
/// <remarks>Indexed at the sidecar, no sleeps: the observer stands in the call, so that the app cannot get further than the point where it dies.</remarks>
internal sealed class KillSweep : IAsyncDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(2);

    private readonly Lock _lock = new();
    private readonly object _wish;
    private LoadSystem? _load;
    private Visitor? _person;
    private readonly HashSet<string> _earlier = [];
    private string? _search;
    private int _calls;
    private string? _app;
    private Death? _next;
    private bool _begun;
    private string? _diedAt;

    private KillSweep(object wish) => _wish = wish;

    private LocalSystem System => _load!.System;

    /// <summary>Starts the system that the sweep kills in, with an album.</summary>
    /// <param name="album">The album's folder.</param>
    /// <param name="broker">Whose rules the sidecar follows: its own give back at once what a broken connection held, those of Redis after the claim time.</param>
    public static Task<KillSweep> StartAsync(string album, BrokerProfile broker = BrokerProfile.Local) =>
        StartAsync(new { source = "album", query = Path.GetFileName(album) }, [album], new Dictionary<string, string>(), broker);

    /// <summary>Starts the system that the sweep kills in, with a network.</summary>
    /// <param name="wish">The search, as its POST has it.</param>
    /// <param name="settings">With which the network is found.</param>
    public static Task<KillSweep> StartAsync(object wish, IReadOnlyDictionary<string, string> settings) => StartAsync(wish, [], settings, BrokerProfile.Local);

    private static async Task<KillSweep> StartAsync(object wish, IReadOnlyList<string> albums, IReadOnlyDictionary<string, string> settings, BrokerProfile broker)
    {
        var sweep = new KillSweep(wish);
        sweep._load = await LoadSystem.StartAsync(
            albums,
            options => options with { Rules = Imitations.Of(broker), Interceptor = new FaultInjection { Observe = sweep.OnCallAsync }, Settings = options.Settings.Concat(settings).ToDictionary() },
            tryAgainSoon: broker == BrokerProfile.Local);
        sweep._person = new Visitor(sweep.System.Page, retries: true);
        await sweep._person.ShowDemoFaceAsync();
        return sweep;
    }

    /// <summary>Counts an app's writes and publishes in a calm search.</summary>
    /// <param name="app">The app id.</param>
    /// <returns>How many there are, and the verdicts.</returns>
    public async Task<(int Calls, VerdictMap Verdicts)> CountAsync(string app)
    {
        Watch(app, null);
        var (verdicts, _) = await SearchAsync();
        lock (_lock)
        {
            return (_calls, verdicts);
        }
    }

    /// <summary>Runs one search with one death in it.</summary>
    /// <param name="death">The death.</param>
    /// <param name="calm">The verdicts of the calm run.</param>
    /// <returns>Null where the search had fewer writes and publishes than that, so that nobody died.</returns>
    public async Task<DeathResult?> RunAsync(Death death, VerdictMap calm)
    {
        Watch(death.App, death);
        var (verdicts, cost) = await SearchAsync();
        lock (_lock)
        {
            return _diedAt is null ? null : new DeathResult(death, _diedAt, calm.Differences(verdicts), cost);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _person?.Dispose();
        if (_load is not null)
        {
            await _load.DisposeAsync();
        }
    }

    private async Task<(VerdictMap Verdicts, decimal Cost)> SearchAsync()
    {
        var view = await _person!.UntilEndedAsync(await _person.SearchAsync(_wish), Timeout, TimeSpan.FromMilliseconds(50));
        return (VerdictMap.Of(view), view["cost"]!.GetValue<decimal>());
    }

    // "search/{id}" and "search/{id}/batch/…".
    private static string? SearchOf(string target) =>
        target.Split('/') is ["search", var id, ..] ? id.Split(',')[0] : null;

    private void Watch(string app, Death? death)
    {
        lock (_lock)
        {
            _app = app;
            _next = death;
            _calls = 0;
            _begun = false;
            _diedAt = null;
            if (_search is not null)
            {
                _earlier.Add(_search);
                _search = null;
            }
        }
    }

    private Task OnCallAsync(ObservedCall call)
    {
        lock (_lock)
        {
            if (call.AppId != _app || call.Kind == ObservedKind.Delivery)
            {
                return Task.CompletedTask;
            }

            // What is left of an earlier search may still be at work: the first write that names a new one, or its person, begins the count.
            _begun |= call.Target.StartsWith("person/", StringComparison.Ordinal);
            if (SearchOf(call.Target) is { } named && !_earlier.Contains(named))
            {
                _begun = true;
                _search = named;
            }

            if (!_begun)
            {
                return Task.CompletedTask;
            }

            // A write that loses a race is not done: the app dies after the next one then.
            _calls += call.Point == ObservedPoint.Before ? 1 : 0;
            if (_diedAt is not null || call.Point != _next?.Point || _calls < _next.Ordinal)
            {
                return Task.CompletedTask;
            }

            _diedAt = $"{call.Operation} {call.Target}";
        }

        System.Processes.Kill(call.AppId);
        return call.Point == ObservedPoint.Before
            ? throw new InvalidOperationException("The app died before this was done.")
            : Task.CompletedTask;
    }
}
