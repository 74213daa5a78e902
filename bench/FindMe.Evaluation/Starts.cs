using System.Diagnostics;
using System.Text.Json.Nodes;

namespace FindMe.Evaluation;

/// <summary>Measures builds of findme from process start to exit, alternating with face-api.js from process start to its verdict.</summary>
internal static class Starts
{
    /// <summary>Runs `findme recognize VECTORS PHOTO` and `findme --help` of each build, one process at a time.</summary>
    /// <param name="photo">The photo.</param>
    /// <param name="vectors">The output of `findme train`.</param>
    /// <param name="programs">The builds.</param>
    /// <param name="models">Folder of the models; empty for the programs' own.</param>
    /// <param name="recipe">The recipe that made the vectors.</param>
    /// <param name="peerFolder">The folder of the installed peer.</param>
    /// <param name="rounds">Number of measurements of each.</param>
    /// <param name="cancellationToken">Cancels the evaluation.</param>
    public static (JsonObject Summary, JsonObject Details) Evaluate(
        FileInfo photo, FileInfo vectors, FileInfo[] programs, string models, string recipe, string peerFolder, int rounds, CancellationToken cancellationToken)
    {
        string[] choice = ["--recipe", recipe, .. models.Length > 0 ? (string[])["--models", models] : []];
        var runs = new List<(string Name, double Milliseconds)>();
        using var progress = new Progress("rounds", rounds + 1);

        // The first round reads files into the page cache, and does not count.
        for (var round = 0; round <= rounds; round++)
        {
            foreach (var program in programs)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Add($"{program} recognize", () => Run(program, ["recognize", vectors.FullName, photo.FullName, .. choice]));
                Add($"{program} --help", () => Run(program, ["--help"]));
            }

            Add("peer", () => PeerProcess.MeasureFirst(peerFolder, photo.FullName));
            progress.Step();

            void Add(string name, Func<double> run)
            {
                var milliseconds = run();
                if (round > 0)
                {
                    runs.Add((name, milliseconds));
                }
            }
        }

        var peer = MedianOf("peer");
        var summary = new JsonObject { ["rounds"] = rounds };
        foreach (var name in runs.Select(run => run.Name).Distinct())
        {
            summary[name] = new JsonObject
            {
                ["medianMs"] = Math.Round(MedianOf(name), 1),
                ["minMs"] = Math.Round(runs.Where(run => run.Name == name).Min(run => run.Milliseconds), 1),
                ["ratioOfMedians"] = Math.Round(peer / MedianOf(name), 2),
            };
        }

        return (summary, new JsonObject { ["runs"] = new JsonArray([.. runs.Select(run => new JsonObject { ["of"] = run.Name, ["ms"] = run.Milliseconds })]) });

        double MedianOf(string name)
        {
            var sorted = runs.Where(run => run.Name == name).Select(run => run.Milliseconds).Order().ToList();
            return sorted[sorted.Count / 2];
        }
    }

    private static double Run(FileInfo program, string[] arguments)
    {
        var started = Stopwatch.GetTimestamp();
        using var process = Process.Start(new ProcessStartInfo(program.FullName, arguments) { RedirectStandardOutput = true })
            ?? throw new EvaluationException($"{program} does not start.");
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? Stopwatch.GetElapsedTime(started).TotalMilliseconds
            : throw new EvaluationException($"{program} exited with code {process.ExitCode}: see its output above.");
    }
}
