using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace FindMe.Faces;

/// <summary>How long the engine's steps take, for whoever listens to the meter <c>FindMe.Faces</c>; costs nothing otherwise.</summary>
internal static class EngineMetrics
{
    private static readonly Meter Meter = new("FindMe.Faces");

    private static readonly Histogram<double> Stage = Meter.CreateHistogram<double>(
        "findme.photo.stage", "s", "How long a step of the engine takes, by stage: decode and detect a photo, landmarks and embed a face.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 60] });

    /// <summary>Does a step and notes how long it took.</summary>
    public static T Measure<T>(string stage, Func<T> step)
    {
        var started = Stopwatch.GetTimestamp();
        var result = step();
        Stage.Record(Stopwatch.GetElapsedTime(started).TotalSeconds, new KeyValuePair<string, object?>("stage", stage));
        return result;
    }
}
