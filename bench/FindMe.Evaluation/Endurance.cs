using System.Diagnostics;
using System.Text.Json.Nodes;
using FindMe.Faces;

namespace FindMe.Evaluation;

/// <summary>Checks that memory does not grow: analyses many photos on all cores, and records the process's memory after each tenth.</summary>
internal static class Endurance
{
    private const int Tenths = 10;

    /// <summary>Analyses the photos of a folder repeatedly.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="folder">Photos, also in its subfolders.</param>
    /// <param name="count">Total number of photos, at least 10.</param>
    /// <param name="cancellationToken">Cancels the evaluation.</param>
    /// <exception cref="EvaluationException">The folder has no photos, or the count is too small.</exception>
    public static (JsonObject Summary, JsonObject Details) Evaluate(FaceEngine engine, string folder, int count, CancellationToken cancellationToken)
    {
        if (count < Tenths)
        {
            throw new EvaluationException($"--photos must be at least {Tenths}.");
        }

        var files = Speed.FindPhotos(folder);
        using var progress = new Progress("photos", count);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken };
        var (unreadable, memory, time) = (0, new long[Tenths], Stopwatch.StartNew());
        for (var tenth = 0; tenth < Tenths; tenth++)
        {
            Parallel.For(tenth * count / Tenths, (tenth + 1) * count / Tenths, parallel, photo =>
            {
                try
                {
                    engine.Analyze(File.ReadAllBytes(files[photo % files.Count]), cancellationToken);
                }
                catch (PhotoException)
                {
                    // Undecodable photos occur in production, too.
                    Interlocked.Increment(ref unreadable);
                }

                progress.Step();
            });
            memory[tenth] = ProcessMemory.Read("VmRSS") / 1_000_000;
        }

        // The baseline is the first tenth, after which buffers have their final size.
        var summary = new JsonObject
        {
            ["photos"] = count,
            ["files"] = files.Count,
            ["unreadable"] = unreadable,
            ["photosPerSecond"] = Math.Round(count / time.Elapsed.TotalSeconds, 2),
            ["rssMb"] = new JsonArray([.. memory.Select(megabytes => JsonValue.Create(megabytes))]),
            ["growthMb"] = memory[^1] - memory[0],
            ["peakRssMb"] = ProcessMemory.Read("VmHWM") / 1_000_000,
        };
        return (summary, []);
    }
}
