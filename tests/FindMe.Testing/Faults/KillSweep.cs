using FindMe.Local;
using LocalDapr.Faults;

namespace FindMe.Testing;

/// <summary>One kill of an app, at its n-th write or publish of a search.</summary>
/// <param name="App">The app id.</param>
/// <param name="Ordinal">Number of the write or publish in the search, from 1.</param>
/// <param name="Point">Before its execution, or after it and before the response.</param>
internal sealed record Death(string App, int Ordinal, ObservedPoint Point);

/// <summary>The result of a kill.</summary>
/// <param name="Death">The kill.</param>
/// <param name="At">The write or publish, such as <c>save search/…</c>.</param>
/// <param name="Differences">Differences from the calm run; empty for none.</param>
/// <param name="Cost">The cost that the search reports, in US dollars.</param>
internal sealed record DeathResult(Death Death, string At, IReadOnlyList<string> Differences, decimal Cost);

/// <summary>Kills an app at every state write and publish of a search, one per run. The verdicts must always be the same.</summary>
/// <remarks>Needs no sleeps: the sidecar's observer blocks the call, so that the app cannot continue before it is killed.</remarks>
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

    /// <summary>Starts a system with an album.</summary>
    /// <param name="album">The album's folder.</param>
    /// <param name="broker">The broker whose rules to follow. After a broken connection, Local redelivers at once, Redis after the claim time.</param>
    public static Task<KillSweep> StartAsync(string album, BrokerProfile broker = BrokerProfile.Local) =>
        StartAsync(new { source = "album", query = Path.GetFileName(album) }, [album], new Dictionary<string, string>(), broker);

    /// <summary>Starts a system with a network.</summary>
    /// <param name="wish">The body of the POST that creates the search.</param>
    /// <param name="settings">The settings of the network.</param>
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

    /// <summary>Counts an app's writes and publishes in a search without kills.</summary>
    /// <param name="app">The app id.</param>
    /// <returns>The count and the verdicts.</returns>
    public async Task<(int Calls, VerdictMap Verdicts)> CountAsync(string app)
    {
        Watch(app, null);
        var (verdicts, _) = await SearchAsync();
        lock (_lock)
        {
            return (_calls, verdicts);
        }
    }

    /// <summary>Runs a search with one kill.</summary>
    /// <param name="death">The kill.</param>
    /// <param name="calm">The verdicts of the calm run.</param>
    /// <returns>Null when the search had fewer writes and publishes, so that the app was not killed.</returns>
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

            // Earlier searches may still be running: counts from the first write of the new search or its person.
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

            // A write that loses a race is not executed: kills the app after the next one instead.
            _calls += call.Point == ObservedPoint.Before ? 1 : 0;
            if (_diedAt is not null || call.Point != _next?.Point || _calls < _next.Ordinal)
            {
                return Task.CompletedTask;
            }

            _diedAt = $"{call.Operation} {call.Target}";
        }

        System.Processes.Kill(call.AppId);
        return call.Point == ObservedPoint.Before
            ? throw new InvalidOperationException("The app was killed before this call was executed.")
            : Task.CompletedTask;
    }
}
