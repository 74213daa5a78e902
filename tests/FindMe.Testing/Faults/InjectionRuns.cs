using System.Diagnostics;
using LocalDapr.Faults;

namespace FindMe.Testing;

/// <summary>What one run came to.</summary>
/// <param name="Mode">The faults.</param>
/// <param name="Seconds">From the request to the end of the search.</param>
/// <param name="Verdicts">The verdicts.</param>
/// <param name="Deliveries">Deliveries to Compare: what the photos of the album come to under these faults.</param>
/// <param name="Struck">How often each kind of fault happened.</param>
/// <param name="Restarts">How often an app was killed and started again.</param>
internal sealed record InjectionRun(
    string Mode, double Seconds, VerdictMap Verdicts, long Deliveries, IReadOnlyDictionary<FaultKind, long> Struck, int Restarts);

/// <summary>The same search calm and with injected faults: the verdicts must not differ.</summary>
internal static class InjectionRuns
{
    /// <summary>No faults.</summary>
    public const string Calm = "calm";

    /// <summary>The apps are killed in turn, each after so many of its calls.</summary>
    public const string Restarts = "restarts";

    /// <summary>Every kind of fault, and restarts.</summary>
    public const string All = "all";

    // Api is killed too, but rarely: while it is away nothing can be watched.
    private static readonly (string App, int EveryCalls)[] Victims = [("findme-compare", 150), ("findme-collect", 12), ("findme-api", 40)];

    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(15);

    /// <summary>All modes, the calm one first.</summary>
    public static IReadOnlyList<string> Modes { get; } = [Calm, .. FaultPresets.Names, Restarts, All];

    /// <summary>Runs one search.</summary>
    /// <param name="mode">One of <see cref="Modes"/>.</param>
    /// <param name="seed">Of the faults.</param>
    /// <param name="album">The album's folder.</param>
    /// <param name="replicas">Compare processes.</param>
    /// <param name="broker">Whose rules the sidecar follows: its own give back at once what a broken connection held, those of Redis after the claim time.</param>
    public static async Task<InjectionRun> RunAsync(string mode, int seed, string album, int replicas = 1, BrokerProfile broker = BrokerProfile.Local)
    {
        var restarts = new Restarting(mode is Restarts or All);
        var faults = new FaultInjection { Plan = mode is Calm or Restarts ? null : FaultPlan.Parse($"{mode}:{seed}"), Observe = restarts.OnCallAsync };
        await using var load = await LoadSystem.StartAsync(
            [album],
            options => options with
            {
                Replicas = replicas,
                Rules = Imitations.Of(broker),
                Interceptor = faults,
            },
            tryAgainSoon: broker == BrokerProfile.Local);
        restarts.Kill = app => load.System.Processes.Kill(app == "findme-compare" && replicas > 1 ? $"{app}-1" : app);
        using var person = new Visitor(load.System.Page, retries: true);
        await person.ShowDemoFaceAsync();
        var watch = Stopwatch.StartNew();
        var search = await person.SearchAsync(Path.GetFileName(album));
        var view = await person.UntilEndedAsync(search, Timeout);
        watch.Stop();
        restarts.Kill = null;
        return new InjectionRun(
            mode,
            watch.Elapsed.TotalSeconds,
            VerdictMap.Of(view),
            load.System.Sidecar.Traffic.Of("findme-compare").Deliveries,
            faults.Counters.Snapshot(),
            restarts.Count);
    }

    /// <summary>Kills apps by the number of their calls, so that the same run meets the same deaths.</summary>
    private sealed class Restarting(bool on)
    {
        private int _count;

        public Action<string>? Kill { get; set; }

        public int Count => _count;

        public Task OnCallAsync(ObservedCall call)
        {
            if (on && call.Kind != ObservedKind.Delivery && Kill is { } kill)
            {
                foreach (var (app, every) in Victims)
                {
                    // The first death comes late, or short searches would meet none but at their beginning.
                    if (call.AppId == app && call.Ordinal % every == every / 2 && call.Point == (call.Ordinal / every % 2 == 0 ? ObservedPoint.After : ObservedPoint.Before))
                    {
                        Interlocked.Increment(ref _count);
                        kill(app);
                    }
                }
            }

            return Task.CompletedTask;
        }
    }
}
