using System.Diagnostics;
using System.Text.Json.Nodes;
using FindMe.Faces;

namespace FindMe.Evaluation;

/// <summary>Checks that broken, unusual and malicious files are decoded or rejected as expected, in bounded time and memory.</summary>
internal static class Hostile
{
    private const double MaxSeconds = 2;
    private const long MaxBytes = 500_000_000;

    // Files on which libvips differs from the decoders that produced the expectations: it does not read BMP, and decodes the complete frames
    // of two truncated GIFs. Listed by name, since the files are from well-known collections.
    private static readonly string[] Known =
    [
        "pil_hopper.bmp",
        "cf_einstein.bmp",
        "its_55abb3cc464305dd554171c3d44cb61f.gif",
        "its_9f8f6046eaf9ffa2d9c5d6db05c5f881.gif",
    ];

    /// <summary>Evaluates a folder of files, one after another.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="folder">Folder with the files and EXPECT.csv with columns <c>file,expect</c>: decodes, rejects, or either.</param>
    /// <param name="cancellationToken">Cancels the evaluation.</param>
    public static (JsonObject Summary, JsonObject Details) Evaluate(FaceEngine engine, string folder, CancellationToken cancellationToken)
    {
        var table = CsvTable.Read(Path.Combine(folder, "EXPECT.csv"), "file", "expect");
        using var progress = new Progress("files", table.Rows.Count);
        var results = table.Rows.Select(row =>
        {
            var result = Judge(engine, table.PathIn(row, "file"), table.Field(row, "file"), table.Field(row, "expect"), cancellationToken);
            progress.Step();
            return result;
        }).ToList();

        var summary = new JsonObject
        {
            ["decoded"] = results.Count(result => result.Result == "decodes"),
            ["rejected"] = results.Count(result => result.Result == "rejects"),
            ["wrong"] = results.Count(result => result.Wrong),
            ["known"] = results.Count(result => result.Known),
            ["slowestSeconds"] = Math.Round(results.Max(result => result.Seconds), 2),
            ["mostMegabytes"] = results.Max(result => result.Bytes) / 1_000_000,
            ["files"] = new JsonArray([.. results.Where(result => result.Wrong || result.Known).Select(Describe)]),
        };
        return (summary, new JsonObject { ["files"] = new JsonArray([.. results.Select(Describe)]) });
    }

    private static FileResult Judge(FaceEngine engine, string path, string file, string expect, CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
        {
            throw new EvaluationException($"{path} is missing.");
        }

        var photo = File.ReadAllBytes(path);
        var before = StartMeasuringMemory();
        var time = Stopwatch.StartNew();
        var processor = ReadProcessorTime();
        var (result, why) = TryAnalyze(engine, photo, cancellationToken);

        // The smaller of elapsed and processor time, to exclude other load on the machine and garbage collection on other threads.
        var seconds = Math.Min(time.Elapsed.TotalSeconds, (ReadProcessorTime() - processor).TotalSeconds);
        var bytes = Math.Max(0, ReadPeakMemory() - before);
        var asExpected = expect == "either" ? result != "fails" : expect == result;
        var known = !asExpected && Known.Contains(file) && result != "fails";
        return new FileResult(
            file, expect, result, why, seconds, bytes, known, (!asExpected && !known) || seconds > MaxSeconds || bytes > MaxBytes);
    }

    private static (string Result, string Why) TryAnalyze(FaceEngine engine, byte[] photo, CancellationToken cancellationToken)
    {
        try
        {
            var analyzed = engine.Analyze(photo, cancellationToken);
            return ("decodes", $"{analyzed.Width} × {analyzed.Height}, {analyzed.Faces.Count} faces");
        }
        catch (PhotoException exception)
        {
            return ("rejects", exception.Problem.ToString());
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // Any other exception is a bug, and counts as wrong whatever was expected.
            return ("fails", exception.GetType().Name);
        }
    }

    private static JsonObject Describe(FileResult result) => new()
    {
        ["file"] = result.File,
        ["expect"] = result.Expect,
        ["result"] = result.Result,
        ["why"] = result.Why,
        ["seconds"] = Math.Round(result.Seconds, 3),
        ["megabytes"] = result.Bytes / 1_000_000,
        ["known"] = result.Known,
        ["wrong"] = result.Wrong,
    };

    private static TimeSpan ReadProcessorTime()
    {
        using var process = Process.GetCurrentProcess();
        return process.TotalProcessorTime;
    }

    // Resets the peak memory on Linux; other systems do not measure memory.
    private static long StartMeasuringMemory()
    {
        const string forget = "/proc/self/clear_refs";
        if (File.Exists(forget))
        {
            File.WriteAllText(forget, "5");
        }

        return ReadPeakMemory();
    }

    private static long ReadPeakMemory() => ProcessMemory.Read("VmHWM");

    private sealed record FileResult(
        string File, string Expect, string Result, string Why, double Seconds, long Bytes, bool Known, bool Wrong);
}
