using System.Diagnostics;

namespace FindMe.Faces;

/// <summary>
/// Traces the steps of a photo as activities: decode, detect, landmarks, align and embed. The child activities libvips and onnxruntime show
/// the time spent in native code.
/// </summary>
internal static class Stages
{
    public const string SourceName = "FindMe.Faces";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Starts a step; dispose the activity to end it. Null when no listener is attached.</summary>
    public static Activity? Start(string stage) => Source.StartActivity(stage);
}
