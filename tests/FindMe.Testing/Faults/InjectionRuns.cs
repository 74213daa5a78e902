using System.Diagnostics;
using LocalDapr.Faults;

namespace FindMe.Testing;

/// <summary>The result of a run.</summary>
/// <param name="Mode">The faults.</param>
/// <param name="Seconds">Duration of the search.</param>
/// <param name="Verdicts">The verdicts.</param>
/// <param name="Deliveries">Number of deliveries to Compare.</param>
/// <param name="Struck">Number of injected faults by kind.</param>
/// <param name="Restarts">Number of app restarts.</param>
internal sealed record InjectionRun(
    string Mode, double Seconds, VerdictMap Verdicts, long Deliveries, IReadOnlyDictionary<FaultKind, long> Struck, int Restarts);

/// <summary>Runs the same search without faults and with injected ones. The verdicts must not differ.</summary>
internal static class InjectionRuns
{
    /// <summary>No faults.</summary>
    public const string Calm = "calm";

    /// <summary>The apps are killed in turn, each after so many of its calls.</summary>
    public const string Restarts = "restarts";

    /// <summary>Every kind of fault, and restarts.</summary>
    public const string All = "all";

    // Api is killed less often, since its clients cannot watch the search meanwhile.
    private static readonly (string App, int EveryCalls)[] Victims = [("findme-compare", 150), ("findme-collect", 12), ("findme-api", 40)];

    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(15);

    /// <summary>All modes, without faults first.</summary>
    public static IReadOnlyList<string> Modes { get; } = [Calm, .. FaultPresets.Names, Restarts, All];

    /// <summary>Runs one search.</summary>
    /// <param name="mode">One of <see cref="Modes"/>.</param>
    /// <param name="seed">Seed of the faults.</param>
    /// <param name="album">The album's folder.</param>
    /// <param name="replicas">Number of Compare's replicas.</param>
    /// <param name="broker">The broker whose rules to follow. After a broken connection, Local redelivers at once, Redis after the claim time.</param>
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

    /// <summary>Kills apps at certain numbers of their calls, so that runs are repeatable.</summary>
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
                    // Starts at half the interval, so that short searches are not killed only at their beginning.
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
