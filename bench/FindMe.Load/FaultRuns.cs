using System.Diagnostics;
using FindMe.Local;
using FindMe.Sidecar;

namespace FindMe.Load;

/// <summary>What a search under a fault came to.</summary>
/// <param name="Fault">The fault.</param>
/// <param name="Seconds">From the request to the end of the search.</param>
/// <param name="Verdicts">The verdicts.</param>
/// <param name="Kills">How often anything was killed.</param>
/// <param name="Comparisons">Photos that were compared, each time counted.</param>
internal sealed record FaultRun(string Fault, double Seconds, VerdictMap Verdicts, int Kills, int Comparisons);

/// <summary>The same search under the faults that a broker and its sidecars meet. Two replicas of Compare.</summary>
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

    private const string Compare = "findme-compare";

    private static readonly TimeSpan KillInterval = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan EndlessTime = TimeSpan.FromMinutes(10);

    /// <summary>All faults, the calm run first.</summary>
    public static IReadOnlyList<string> Names { get; } = [Calm, AppKill, SidecarKill, ScaleIn, Kills, LateSubscription, BrokerGone, EndlessKills];

    /// <summary>Runs one search.</summary>
    /// <param name="fault">One of <see cref="Names"/>.</param>
    /// <param name="broker">Whose rules the sidecar follows.</param>
    /// <param name="album">The album's folder.</param>
    /// <param name="seed">Chooses who is killed.</param>
    /// <param name="resources">Changes components; null: as they are.</param>
    public static async Task<FaultRun> RunAsync(string fault, BrokerProfile broker, string album, int seed, Func<string, string>? resources = null)
    {
        var isGone = false;
        await using var load = await LoadSystem.StartAsync(
            [album],
            options => options with
            {
                Replicas = 2,
                Broker = broker,
                CountRefused = true,
                Held = fault == LateSubscription ? [Compare] : [],
                Settings = new Dictionary<string, string>(options.Settings) { ["Logging__LogLevel__FindMe.Compare"] = "Debug" },
                Intercept = _ => Volatile.Read(ref isGone) ? throw new InvalidOperationException("The broker and the store are gone.") : Task.CompletedTask,
            },
            resources,
            areImpatient: false);
        var system = load.System;
        using var person = new Person(system.Page);
        await person.ShowAsync(LoadSystem.Selfie());
        var watch = Stopwatch.StartNew();
        var search = await person.SearchAsync(Path.GetFileName(album));
        var kills = 0;
        using var ended = new CancellationTokenSource();
        var trouble = MakeTroubleAsync();
        var view = await person.UntilEndedAsync(search, TimeSpan.FromMinutes(15));
        watch.Stop();
        await ended.CancelAsync();
        await trouble;
        return new FaultRun(fault, watch.Elapsed.TotalSeconds, VerdictMap.Of(view), kills, await ComparisonsAsync(system));

        async Task MakeTroubleAsync()
        {
            if (fault == LateSubscription)
            {
                await Task.Delay(TimeSpan.FromSeconds(15));
                await system.StartHeldAsync(CancellationToken.None);
            }

            if (fault is Calm or LateSubscription)
            {
                return;
            }

            // In the middle of the work, with full hands.
            while (system.Sidecar.Traffic.Of(Compare).Deliveries < 20 && !ended.IsCancellationRequested)
            {
                await Task.Delay(50);
            }

            switch (fault)
            {
                case AppKill:
                    system.Processes.Kill($"{Compare}-1");
                    kills++;
                    break;
                case SidecarKill:
                    await system.Sidecar.LoseConsumerAsync(Compare, 0, ConsumerLoss.Dies, back: TimeSpan.FromSeconds(2));
                    kills++;
                    break;
                case ScaleIn:
                    // The platform tells both at once.
                    await Task.WhenAll(
                        system.Sidecar.LoseConsumerAsync(Compare, 0, ConsumerLoss.Leaves, back: TimeSpan.FromHours(1)), system.Processes.EndAsync($"{Compare}-1"));
                    break;
                case BrokerGone:
                    Volatile.Write(ref isGone, true);
                    await Task.Delay(TimeSpan.FromSeconds(5));
                    Volatile.Write(ref isGone, false);
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
                        system.Processes.Kill("findme-api");
                        break;
                    case 1:
                        system.Processes.Kill("findme-collect");
                        break;
                    case 2:
                        await system.Sidecar.LoseConsumerAsync("findme-collect", 0, ConsumerLoss.Dies, TimeSpan.FromSeconds(2));
                        break;
                    case 3 or 4:
                        system.Processes.Kill($"{Compare}-{random.Next(1, 3)}");
                        break;
                    default:
                        await system.Sidecar.LoseConsumerAsync(Compare, random.Next(2), ConsumerLoss.Dies, TimeSpan.FromSeconds(2));
                        break;
                }

                await Task.Delay(KillInterval, ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private static async Task<int> ComparisonsAsync(LocalSystem system)
    {
        var count = 0;
        foreach (var file in Directory.GetFiles(Path.Combine(Path.GetDirectoryName(system.Sidecar.DatabasePath)!, "logs"), $"{Compare}*.log"))
        {
            await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(stream);
            count += (await reader.ReadToEndAsync()).Split(": comparing photo ").Length - 1;
        }

        return count;
    }
}
