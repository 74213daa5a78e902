using System.Diagnostics;

namespace FindMe.Faces;

/// <summary>
/// The steps of a photo as activities: decode, detect, landmarks, align, embed; and inside of them libvips and onnxruntime, whose work is
/// theirs, not ours. Costs nothing while nobody listens.
/// </summary>
internal static class Stages
{
    public const string SourceName = "FindMe.Faces";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Begins a step, to be disposed at its end; null while nobody listens.</summary>
    public static Activity? Start(string stage) => Source.StartActivity(stage);
}
