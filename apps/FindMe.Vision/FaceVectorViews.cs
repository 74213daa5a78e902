using System.Text.Json.Serialization;
using FindMe.Faces;
using FindMe.Recognition;

namespace FindMe.Vision;

/// <summary>The vectors of a face.</summary>
/// <param name="Recipe">What made them: only the same recipe compares them.</param>
/// <param name="Vectors">The face's own first, then its augmentations'.</param>
/// <param name="Box">Where the face is.</param>
/// <param name="Quality">How well the picture serves, 0 to 1.</param>
/// <param name="Warnings">What to do better, a sentence each.</param>
internal sealed record TrainedView(string Recipe, IReadOnlyList<float[]> Vectors, BoxView Box, float Quality, IReadOnlyList<string> Warnings);

/// <summary>Whether a picture shows the person.</summary>
/// <param name="Present">Whether it does.</param>
/// <param name="Faces">How many faces there are.</param>
/// <param name="Distance">Distance of the nearest face; left out where there is no face.</param>
/// <param name="Box">Where that face is.</param>
internal sealed record PresenceView(bool Present, int Faces, float? Distance = null, BoxView? Box = null)
{
    public static PresenceView Of(FacePresence presence) =>
        new(presence.Present, presence.Faces, presence.Distance, presence.Box is { } box ? BoxView.Of(box) : null);
}

/// <summary>The same of a picture of a batch, or why it could not be read; what does not apply is left out.</summary>
/// <param name="Present">Whether it shows the person.</param>
/// <param name="Faces">How many faces there are.</param>
/// <param name="Distance">Distance of the nearest face.</param>
/// <param name="Box">Where that face is.</param>
/// <param name="Problem">Why it could not be read.</param>
internal sealed record BatchPresenceView(bool? Present = null, int? Faces = null, float? Distance = null, BoxView? Box = null, ProblemView? Problem = null)
{
    public static BatchPresenceView Of(FacePresence presence)
    {
        var view = PresenceView.Of(presence);
        return new(view.Present, view.Faces, view.Distance, view.Box);
    }
}

/// <summary>The answers to a batch, in its order.</summary>
internal sealed record PresencesView(IReadOnlyList<BatchPresenceView> Results);

/// <summary>Why one picture of a batch could not be read.</summary>
internal sealed record ProblemView(string Type, string Title, string Detail);

/// <summary>A face's box, in pixels of the upright full-size picture.</summary>
internal sealed record BoxView(float X, float Y, float Width, float Height)
{
    public static BoxView Of(Box box) => new(box.X, box.Y, box.Width, box.Height);
}

[JsonSerializable(typeof(float[]))]
internal sealed partial class VisionJson : JsonSerializerContext;
