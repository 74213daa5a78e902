using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace FindMe.Pipeline;

/// <summary>Metrics for operators: photos by verdict, and the duration of each step of a photo.</summary>
/// <remarks>Labels contain no personal data and no ids: each has a few fixed values.</remarks>
public static class PipelineMetrics
{
    /// <summary>The name of the meter.</summary>
    public const string Name = "FindMe.Pipeline";

    private static readonly Meter Meter = new(Name);

    private static readonly Counter<long> Photos = Meter.CreateCounter<long>(
        "findme.photos", "{photo}", "Photos that got their verdict, by verdict and, where skipped, by cause. Its rate is photos per second.");

    private static readonly Histogram<double> Stage = Meter.CreateHistogram<double>(
        "findme.photo.stage", "s", "How long a step of comparing a photo takes, by stage.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 60] });

    /// <summary>Creates a counter on this meter.</summary>
    internal static Counter<long> CreateCounter(string name, string unit, string description) => Meter.CreateCounter<long>(name, unit, description);

    /// <summary>Counts a photo whose verdict was written, and adds the verdict to the current trace.</summary>
    /// <param name="verdict">The verdict.</param>
    internal static void Settled(Verdict verdict)
    {
        var kind = verdict.Kind.ToString().ToLowerInvariant();
        Photos.Add(1, new("verdict", kind), new("cause", verdict.Kind == VerdictKind.Skipped ? verdict.Cause ?? "other" : "none"));
        Activity.Current?.SetTag("findme.verdict", kind);
    }

    /// <summary>Records the duration of a step.</summary>
    /// <param name="stage">The step's name, a constant.</param>
    /// <param name="started">When the step began: <see cref="Stopwatch.GetTimestamp"/>.</param>
    public static void RecordStage(string stage, long started) =>
        Stage.Record(Stopwatch.GetElapsedTime(started).TotalSeconds, new KeyValuePair<string, object?>("stage", stage));
}
