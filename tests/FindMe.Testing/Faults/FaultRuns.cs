using System.Diagnostics;

namespace FindMe.Testing;

/// <summary>The result of a search under a fault.</summary>
/// <param name="Fault">The fault.</param>
/// <param name="Seconds">Duration of the search.</param>
/// <param name="Verdicts">The verdicts.</param>
/// <param name="Kills">Number of killed processes.</param>
/// <param name="Comparisons">Number of comparisons started, including repeated ones.</param>
internal sealed record FaultRun(string Fault, double Seconds, VerdictMap Verdicts, int Kills, int Comparisons);

/// <summary>Runs the same search under each fault of apps, sidecars and broker.</summary>
internal static class FaultRuns
{
    public const string Calm = "calm";
    public const string AppKill = "app-kill";
    public const string SidecarKill = "sidecar-kill";
    public const string ScaleIn = "scale-in";
    public const string Kills = "kills";
    public const string LateSubscription = "late-subscription";
    public const string BrokerGone = "broker-gone";

    /// <summary>Kills a random process every six seconds, for ten minutes or until the search has ended.</summary>
    public const string EndlessKills = "endless-kills";

    /// <summary>Number of Compare's replicas.</summary>
    public const int Replicas = 2;

    private const string Compare = "findme-compare";

    // Comparisons started before the fault, so that it occurs in the middle of the work.
    private const int ComparisonsBeforeFault = 20;

    private static readonly TimeSpan KillInterval = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan EndlessTime = TimeSpan.FromMinutes(10);

    /// <summary>All faults, the calm run first.</summary>
    public static IReadOnlyList<string> Names { get; } = [Calm, AppKill, SidecarKill, ScaleIn, Kills, LateSubscription, BrokerGone, EndlessKills];

    /// <summary>Runs one search.</summary>
    /// <param name="fault">One of <see cref="Names"/>.</param>
    /// <param name="start">Starts the system, without the named app if not null.</param>
    /// <param name="album">The album's folder.</param>
    /// <param name="seed">Seed of the random choice of processes.</param>
    public static async Task<FaultRun> RunAsync(string fault, Func<string?, Task<IFaultSystem>> start, string album, int seed)
    {
        await using var system = await start(fault == LateSubscription ? Compare : null);
        using var person = new Visitor(system.Page, retries: true);
        await person.ShowDemoFaceAsync();
        var watch = Stopwatch.StartNew();
        var search = await person.SearchAsync(Path.GetFileName(album));
        var kills = 0;
        using var ended = new CancellationTokenSource();
        var injection = InjectFaultAsync();
        var view = await person.UntilEndedAsync(search, TimeSpan.FromMinutes(15));
        watch.Stop();
        await ended.CancelAsync();
        await injection;
        return new FaultRun(fault, watch.Elapsed.TotalSeconds, VerdictMap.Of(view), kills, system.Comparisons());

        async Task InjectFaultAsync()
        {
            if (fault == LateSubscription)
            {
                await Task.Delay(TimeSpan.FromSeconds(15));
                await system.StartHeldAsync();
            }

            if (fault is Calm or LateSubscription)
            {
                return;
            }

            while (system.Comparisons() < ComparisonsBeforeFault && !ended.IsCancellationRequested)
            {
                await Task.Delay(100);
            }

            switch (fault)
            {
                case AppKill:
                    system.KillApp(Compare, 0);
                    kills++;
                    break;
                case SidecarKill:
                    await system.KillSidecarAsync(Compare, 0);
                    kills++;
                    break;
                case ScaleIn:
                    await system.ScaleInAsync(Compare, 0);
                    break;
                case BrokerGone:
                    await system.StopBrokerAsync();
                    await Task.Delay(TimeSpan.FromSeconds(5));
                    await system.StartBrokerAsync();
                    break;
                default:
                    await KillEverySixSecondsAsync(fault == Kills ? TimeSpan.FromMinutes(1) : EndlessTime);
                    break;
            }
        }

        async Task KillEverySixSecondsAsync(TimeSpan time)
        {
            var random = new Random(seed);
            while (watch.Elapsed < time && !ended.IsCancellationRequested)
            {
                kills++;
                switch (random.Next(6))
                {
                    case 0:
                        system.KillApp("findme-api", 0);
                        break;
                    case 1:
                        system.KillApp("findme-collect", 0);
                        break;
                    case 2:
                        await system.KillSidecarAsync("findme-collect", 0);
                        break;
                    case 3 or 4:
                        system.KillApp(Compare, random.Next(Replicas));
                        break;
                    default:
                        await system.KillSidecarAsync(Compare, random.Next(Replicas));
                        break;
                }

                await Task.Delay(KillInterval, ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Returns the name of a replica's process and log.</summary>
    public static string NameOf(string app, int replica) => app == Compare ? $"{app}-{replica + 1}" : app;

    /// <summary>Counts the comparisons started, from the logs.</summary>
    public static int Comparisons(string logs)
    {
        var count = 0;
        foreach (var file in Directory.GetFiles(logs, $"{Compare}-?.log"))
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(stream);
            count += reader.ReadToEnd().Split(": comparing photo ").Length - 1;
        }

        return count;
    }
}
