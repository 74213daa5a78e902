using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace FindMe.Faces;

/// <summary>Records the duration of the engine's steps in the meter <c>FindMe.Faces</c>.</summary>
internal static class EngineMetrics
{
    private static readonly Meter Meter = new("FindMe.Faces");

    private static readonly Histogram<double> Stage = Meter.CreateHistogram<double>(
        "findme.photo.stage", "s", "Duration of an engine step, by stage: decode and detect per photo, landmarks and embed per face.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 60] });

    /// <summary>Runs a step and records its duration.</summary>
    public static T Measure<T>(string stage, Func<T> step)
    {
        var started = Stopwatch.GetTimestamp();
        var result = step();
        Stage.Record(Stopwatch.GetElapsedTime(started).TotalSeconds, new KeyValuePair<string, object?>("stage", stage));
        return result;
    }
}
