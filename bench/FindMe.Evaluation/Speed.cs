using System.Diagnostics;
using System.Text.Json.Nodes;
using FindMe.Faces;

namespace FindMe.Evaluation;

/// <summary>Measures the time per photo: one at a time, by stage on one core, and the throughput of one and two threads.</summary>
internal static class Speed
{
    // The lower bound per photo: bare libvips and ONNX Runtime on the same pixels. Everything else is our overhead.
    private static readonly string[] Floor = ["libvips", "onnxruntime"];

    private static readonly string[] Extensions = [".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif", ".tif", ".tiff"];

    /// <summary>Measures the photos of a folder. Reading files does not count.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="folder">Photos, also in its subfolders; files of other kinds are skipped.</param>
    /// <param name="reference">A photo of one person to compare with every photo; null for none.</param>
    /// <param name="cancellationToken">Cancels the evaluation.</param>
    public static (JsonObject Summary, JsonObject Details) Evaluate(
        FaceEngine engine, string folder, FileInfo? reference, CancellationToken cancellationToken)
    {
        var photos = FindPhotos(folder).ConvertAll(File.ReadAllBytes);
        var references = ReadReference(engine, reference, cancellationToken);

        // Warm-up: the first photo loads the models and compiles the code.
        Work(photos[0]);
        var alone = MeasureAlone(photos, Work, cancellationToken);
        var (times, stages, allocated) = MeasureOneByOne(engine, photos, Work, cancellationToken);
        var (one, two) = MeasureTogether(engine, photos, Work, cancellationToken);

        var sorted = times.Order().ToArray();
        var summary = new JsonObject
        {
            ["photos"] = photos.Count,
            ["aloneMedianMs"] = Math.Round(alone[alone.Length / 2], 1),
            ["medianMs"] = Math.Round(sorted[sorted.Length / 2], 1),
            ["p95Ms"] = Math.Round(sorted[(int)(0.95 * (sorted.Length - 1))], 1),
            ["stages"] = new JsonObject(stages.OrderByDescending(stage => stage.Value).Select(
                stage => KeyValuePair.Create<string, JsonNode?>(stage.Key, Math.Round(stage.Value / photos.Count, 2)))),
            ["floorMs"] = Math.Round(Floor.Sum(stages.GetValueOrDefault) / photos.Count, 2),
            ["overhead"] = Report.Round((times.Sum() / Floor.Sum(stages.GetValueOrDefault)) - 1),
            ["photosPerSecond1"] = Math.Round(one, 3),
            ["photosPerSecond2"] = two is null ? null : Math.Round(two.Value, 3),
            ["allocatedKbPerPhoto"] = allocated / photos.Count / 1_000,
            ["rssMb"] = ProcessMemory.Read("VmRSS") / 1_000_000,
            ["peakRssMb"] = ProcessMemory.Read("VmHWM") / 1_000_000,
        };
        return (summary, new JsonObject { ["milliseconds"] = new JsonArray([.. times.Select(time => JsonValue.Create(Math.Round(time, 2)))]) });

        void Work(byte[] photo)
        {
            try
            {
                engine.Compare(engine.Analyze(photo, cancellationToken), references);
            }
            catch (PhotoException)
            {
                // Undecodable photos occur in production, too, so their time counts.
            }
        }
    }

    // The latency of a single photo, for which idle cores help.
    private static double[] MeasureAlone(List<byte[]> photos, Action<byte[]> work, CancellationToken cancellationToken)
    {
        using var progress = new Progress("alone", photos.Count);
        return [.. photos
            .Select(photo =>
            {
                cancellationToken.ThrowIfCancellationRequested();
                var time = Stopwatch.StartNew();
                work(photo);
                progress.Step();
                return time.Elapsed.TotalMilliseconds;
            })
            .ToList()
            .Order()];
    }

    private static (List<double> Milliseconds, Dictionary<string, double> Stages, long Allocated) MeasureOneByOne(
        FaceEngine engine, List<byte[]> photos, Action<byte[]> work, CancellationToken cancellationToken)
    {
        var stages = new Dictionary<string, double>(StringComparer.Ordinal);
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == FaceEngine.ActivitySourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.PropagationData,
            ActivityStopped = stage =>
            {
                Add(stage.OperationName, stage.Duration);
                if (stage.Parent is { } parent)
                {
                    Add($"{parent.OperationName} {stage.OperationName}", stage.Duration);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        using var progress = new Progress("one by one", photos.Count);
        using var others = engine.Reserve(Environment.ProcessorCount - 1);
        var times = new List<double>();
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        foreach (var photo in photos)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var time = Stopwatch.StartNew();
            work(photo);
            times.Add(time.Elapsed.TotalMilliseconds);
            progress.Step();
        }

        return (times, stages, GC.GetTotalAllocatedBytes(precise: true) - allocated);

        void Add(string name, TimeSpan time) => stages[name] = stages.GetValueOrDefault(name) + time.TotalMilliseconds;
    }

    // Alternates one and two threads over slices of the photos, so that other load affects both alike.
    // Two is null on a machine with one processor.
    private static (double One, double? Two) MeasureTogether(FaceEngine engine, List<byte[]> photos, Action<byte[]> work, CancellationToken cancellationToken)
    {
        const int photosAtOnce = 8;
        var seconds = new double[2];
        using var progress = new Progress("one thread, two threads", 2 * photos.Count);
        foreach (var slice in photos.Chunk(photosAtOnce))
        {
            for (var threads = 1; threads <= Math.Min(2, Environment.ProcessorCount); threads++)
            {
                using var others = engine.Reserve(Environment.ProcessorCount - threads);
                var time = Stopwatch.StartNew();
                Parallel.ForEach(
                    slice,
                    new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken },
                    photo =>
                    {
                        work(photo);
                        progress.Step();
                    });
                seconds[threads - 1] += time.Elapsed.TotalSeconds;
            }
        }

        return (photos.Count / seconds[0], seconds[1] > 0 ? photos.Count / seconds[1] : null);
    }

    /// <summary>Returns the photos of a folder and its subfolders, by file extension.</summary>
    /// <exception cref="EvaluationException">There are none.</exception>
    public static List<string> FindPhotos(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new EvaluationException($"{folder} is missing.");
        }

        var files = Directory.GetFiles(folder, "*", SearchOption.AllDirectories)
            .Where(file => Extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase))
            .Order(StringComparer.Ordinal)
            .ToList();
        return files.Count > 0 ? files : throw new EvaluationException($"{folder} has no photos.");
    }

    private static List<FaceEmbedding> ReadReference(FaceEngine engine, FileInfo? reference, CancellationToken cancellationToken)
    {
        if (reference is null)
        {
            return [];
        }

        if (!reference.Exists)
        {
            throw new EvaluationException($"{reference.FullName} is missing.");
        }

        var reading = engine.AnalyzeReference(File.ReadAllBytes(reference.FullName), null, cancellationToken);
        return reading.Embedding is { } embedding
            ? [embedding]
            : throw new EvaluationException($"{reference.FullName} cannot be used as a reference: {reading.Problem}.");
    }
}
