using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace FindMe.Evaluation;

/// <summary>Measures the time from process start to the first verdict, alternating FindMe and face-api.js.</summary>
internal static class Cold
{
    private static readonly string[] Recipes = [Peer.SameRecipe, "default"];

    /// <summary>Starts one process per measurement, for one photo.</summary>
    /// <param name="photo">The photo.</param>
    /// <param name="program">FindMe.Cold as .dll or executable; null for this build's.</param>
    /// <param name="models">Folder of the models; empty for the repository's.</param>
    /// <param name="peerFolder">The folder of the installed peer.</param>
    /// <param name="rounds">Number of measurements; the minimum counts, since other load only adds time.</param>
    /// <param name="cancellationToken">Cancels the evaluation.</param>
    public static (JsonObject Summary, JsonObject Details) Evaluate(
        FileInfo photo, FileInfo? program, string models, string peerFolder, int rounds, CancellationToken cancellationToken)
    {
        var cold = program?.FullName ?? FindProgram();
        using var progress = new Progress("starts", rounds * (2 + Recipes.Length));
        var runs = new List<(string Name, double[] Stages)>();

        // Warm-up: the first process reads files into the page cache.
        for (var round = 0; round < rounds; round++)
        {
            foreach (var recipe in Recipes)
            {
                cancellationToken.ThrowIfCancellationRequested();
                runs.Add((recipe, Start(cold, photo.FullName, recipe, models)));
                progress.Step();
                runs.Add(("peer", [PeerProcess.MeasureFirst(peerFolder, photo.FullName)]));
                progress.Step();
            }
        }

        var peer = Least("peer");
        var summary = new JsonObject { ["rounds"] = rounds, ["peerMs"] = Math.Round(peer, 1) };
        foreach (var recipe in Recipes)
        {
            var best = runs.Where(run => run.Name == recipe).MinBy(run => run.Stages[^1]).Stages;
            summary[recipe] = new JsonObject
            {
                ["mainMs"] = best[0],
                ["loadedMs"] = best[1],
                ["verdictMs"] = best[2],
                ["ratio"] = Math.Round(peer / best[^1], 2),
                ["ratioOfMedians"] = Math.Round(Median("peer") / Median(recipe), 2),
            };
        }

        return (summary, new JsonObject
        {
            ["runs"] = new JsonArray([.. runs.Select(run => new JsonObject
            {
                ["of"] = run.Name,
                ["milliseconds"] = new JsonArray([.. run.Stages.Select(stage => JsonValue.Create(stage))]),
            })]),
        });

        double Least(string name) => runs.Where(run => run.Name == name).Min(run => run.Stages[^1]);

        double Median(string name)
        {
            var sorted = runs.Where(run => run.Name == name).Select(run => run.Stages[^1]).Order().ToList();
            return sorted[sorted.Count / 2];
        }
    }

    // The verdict is the last line; the time to exit does not count.
    private static double[] Start(string program, string photo, string recipe, string models)
    {
        var (file, arguments) = program.EndsWith(".dll", StringComparison.OrdinalIgnoreCase)
            ? ("dotnet", new[] { program })
            : (program, []);
        using var process = Process.Start(new ProcessStartInfo(
            file, [.. arguments, Stopwatch.GetTimestamp().ToString(CultureInfo.InvariantCulture), photo, recipe, models])
        {
            RedirectStandardOutput = true,
        })!;
        var line = process.StandardOutput.ReadLine();
        process.WaitForExit();
        return line is null
            ? throw new EvaluationException($"{program} exited with code {process.ExitCode}: see its output above.")
            : [.. line.Split(' ').Take(3).Select(stage => double.Parse(stage, CultureInfo.InvariantCulture))];
    }

    private static string FindProgram()
    {
        var beside = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "FindMe.Cold", Path.GetFileName(AppContext.BaseDirectory.TrimEnd('/')), "FindMe.Cold.dll"));
        return File.Exists(beside) ? beside : throw new EvaluationException($"{beside} is missing: run `dotnet build -c Release bench/FindMe.Cold`");
    }
}
