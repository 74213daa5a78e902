using System.Diagnostics;

namespace FindMe.Testing;

/// <summary>What a search under a fault came to.</summary>
/// <param name="Fault">The fault.</param>
/// <param name="Seconds">From the request to the end of the search.</param>
/// <param name="Verdicts">The verdicts.</param>
/// <param name="Kills">How often anything was killed.</param>
/// <param name="Comparisons">Photos that were compared, each time counted.</param>
internal sealed record FaultRun(string Fault, double Seconds, VerdictMap Verdicts, int Kills, int Comparisons);

/// <summary>The same search under the faults that a broker and its sidecars meet, wherever they run.</summary>
internal static class FaultRuns
{
    public const string Calm = "calm";
    public const string AppKill = "app-kill";
    public const string SidecarKill = "sidecar-kill";
    public const string ScaleIn = "scale-in";
    public const string Kills = "kills";
    public const string LateSubscription = "late-subscription";
    public const string BrokerGone = "broker-gone";

    /// <summary>Something is killed every six seconds, for ten minutes or until the search has ended.</summary>
    public const string EndlessKills = "endless-kills";

    /// <summary>Replicas of Compare.</summary>
    public const int Replicas = 2;

    private const string Compare = "findme-compare";

    // Photos begun when the fault comes: in the middle of the work, with full hands.
    private const int FullHands = 20;

    private static readonly TimeSpan KillInterval = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan EndlessTime = TimeSpan.FromMinutes(10);

    /// <summary>All faults, the calm run first.</summary>
    public static IReadOnlyList<string> Names { get; } = [Calm, AppKill, SidecarKill, ScaleIn, Kills, LateSubscription, BrokerGone, EndlessKills];

    /// <summary>Runs one search.</summary>
    /// <param name="fault">One of <see cref="Names"/>.</param>
    /// <param name="start">Starts the system that it meets, without the app that is named, if one is.</param>
    /// <param name="album">The album's folder.</param>
    /// <param name="seed">Chooses who is killed.</param>
    public static async Task<FaultRun> RunAsync(string fault, Func<string?, Task<IFaultSystem>> start, string album, int seed)
    {
        await using var system = await start(fault == LateSubscription ? Compare : null);
        using var person = new Visitor(system.Page, retries: true);
        await person.ShowDemoFaceAsync();
        var watch = Stopwatch.StartNew();
        var search = await person.SearchAsync(Path.GetFileName(album));
        var kills = 0;
        using var ended = new CancellationTokenSource();
        var trouble = MakeTroubleAsync();
        var view = await person.UntilEndedAsync(search, TimeSpan.FromMinutes(15));
        watch.Stop();
        await ended.CancelAsync();
        await trouble;
        return new FaultRun(fault, watch.Elapsed.TotalSeconds, VerdictMap.Of(view), kills, system.Comparisons());

        async Task MakeTroubleAsync()
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

            while (system.Comparisons() < FullHands && !ended.IsCancellationRequested)
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

    /// <summary>The name of a replica's process and log.</summary>
    public static string NameOf(string app, int replica) => app == Compare ? $"{app}-{replica + 1}" : app;

    /// <summary>Counts in the logs how many photos were begun.</summary>
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
