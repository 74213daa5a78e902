using System.Text.Json.Nodes;
using LocalDapr.Faults;

namespace FindMe.Load;

/// <summary>Runs the commands and prints their results, one per line. The exit code is 0 if all results are as expected.</summary>
internal static class Reports
{
    // Three batches of 16; Compare requests the last one.
    private const int PhotosOfKills = 48;

    public static async Task<int> InjectionAsync(IReadOnlyList<string> modes, BrokerProfile broker, int seed, int photos, int facesEvery, int side)
    {
        using var albums = new TemporaryFolder();
        var album = LoadSystem.MakeAlbum(albums.Path, "injection", photos, facesEvery, side);
        var calm = await InjectionRuns.RunAsync(InjectionRuns.Calm, seed, album, broker: broker);
        Print(calm, calm);
        var differing = 0;
        foreach (var mode in modes.Where(mode => mode != InjectionRuns.Calm))
        {
            var run = await InjectionRuns.RunAsync(mode, seed, album, broker: broker);
            differing += Print(run, calm) ? 0 : 1;
        }

        return differing;
    }

    /// <summary>Runs the faults, on a real Dapr if given, else on the local sidecar.</summary>
    public static async Task<int> FaultsAsync(
        IReadOnlyList<string> faults, BrokerProfile broker, string? components, DaprdOptions? daprd, int seed, int photos, int facesEvery, int side)
    {
        if ((daprd?.BrokerStop is null) != (daprd?.BrokerStart is null))
        {
            Console.Error.WriteLine("Give both --broker-stop and --broker-start, or neither.");
            return 1;
        }

        if (daprd is { BrokerStop: null } && faults.Contains(FaultRuns.BrokerGone))
        {
            Console.WriteLine($"{FaultRuns.BrokerGone,-17} left out: it needs --broker-stop and --broker-start.");
            faults = [.. faults.Where(fault => fault != FaultRuns.BrokerGone)];
        }

        using var albums = new TemporaryFolder();
        var album = LoadSystem.MakeAlbum(albums.Path, "faults", photos, facesEvery, side);
        async Task<IFaultSystem> StartAsync(string? held) => daprd is null
            ? await LocalFaultSystem.StartAsync(broker, album, held, components ?? "components")
            : await DaprdFaultSystem.StartAsync(daprd, album, held);
        var calm = await FaultRuns.RunAsync(FaultRuns.Calm, StartAsync, album, seed);
        Print(calm, calm, photos);
        var differing = 0;
        foreach (var fault in faults.Where(fault => fault != FaultRuns.Calm))
        {
            var run = await FaultRuns.RunAsync(fault, StartAsync, album, seed);
            differing += Print(run, calm, photos) ? 0 : 1;
        }

        return differing;
    }

    /// <summary>Runs one search of an album on a running FindMe.</summary>
    public static async Task<int> SearchAsync(Uri page, string album)
    {
        var problems = await SearchRun.ProblemsAsync(page, album);
        Console.WriteLine(problems.Count == 0 ? $"{page}: every photo of {album} is compared, and the person is found." : string.Join('\n', problems));
        return problems.Count;
    }

    public static async Task<int> KillsAsync(IReadOnlyList<string> apps, BrokerProfile broker, int side, int first, int last)
    {
        using var albums = new TemporaryFolder();
        var album = LoadSystem.MakeAlbum(albums.Path, "kills", PhotosOfKills, facesEvery: 10, side);
        var differing = 0;
        await using var sweep = await KillSweep.StartAsync(album, broker);
        foreach (var app in apps)
        {
            var (calls, calm) = await sweep.CountAsync(app);
            Console.WriteLine($"{app}: {calls} writes and publishes in a search of {PhotosOfKills} photos");
            for (var ordinal = first; ordinal <= Math.Min(calls, last); ordinal++)
            {
                foreach (var point in Enum.GetValues<ObservedPoint>())
                {
                    var result = await sweep.RunAsync(new Death(app, ordinal, point), calm);
                    var verdicts = result?.Differences is { Count: > 0 } differences ? string.Join("; ", differences) : "same verdicts";
                    Console.WriteLine($"{app} {ordinal,4} {point,-6} {(result is null ? "not reached" : $"{result.At}: {verdicts}")}");
                    differing += result?.Differences.Count > 0 ? 1 : 0;
                }
            }
        }

        return differing;
    }

    /// <summary>Runs a measurement in a temporary folder, and prints its result as a JSON object on the last line.</summary>
    public static async Task<int> MeasureAsync(Func<string, Task<JsonObject>> measure)
    {
        using var albums = new TemporaryFolder();
        Console.WriteLine((await measure(albums.Path)).ToJsonString());
        return 0;
    }

    /// <summary>Starts FindMe, uploads many large files and prints the results.</summary>
    public static async Task UploadsAsync(int files, int bytes)
    {
        await using var load = await LoadSystem.StartAsync([]);
        var (statuses, peak) = await UploadBurst.RunAsync(load.System, files, bytes);
        var taken = string.Join(", ", statuses.CountBy(status => (int)status).Select(status => $"{status.Value} × {status.Key}"));
        Console.WriteLine($"{files} files of {bytes / 1e6:0} MB at once: {taken}; Api held {peak} MiB at its peak.");
    }

    private static bool Print(FaultRun run, FaultRun calm, int photos)
    {
        var differences = calm.Verdicts.Differences(run.Verdicts);
        Console.WriteLine(
            $"{run.Fault,-17} {run.Seconds,6:0.0} s, {run.Seconds - calm.Seconds,6:+0.0;-0.0} s above calm, {run.Kills} kills, {run.Comparisons - photos} photos worked on twice: "
            + (differences.Count == 0 ? $"same verdicts ({run.Verdicts.Count} that are not no)" : string.Join("; ", differences)));
        return differences.Count == 0;
    }

    private static bool Print(InjectionRun run, InjectionRun calm)
    {
        var differences = calm.Verdicts.Differences(run.Verdicts);
        var struck = string.Join(", ", run.Struck.OrderBy(pair => pair.Key).Select(pair => $"{pair.Key} {pair.Value}"));
        Console.WriteLine(
            $"{run.Mode,-15} {run.Seconds,6:0.0} s, {run.Deliveries} deliveries to Compare, {run.Restarts} restarts, {(struck.Length > 0 ? struck : "no faults")}: "
            + (differences.Count == 0 ? $"same verdicts ({run.Verdicts.Count} that are not no)" : string.Join("; ", differences)));
        return differences.Count == 0;
    }
}
