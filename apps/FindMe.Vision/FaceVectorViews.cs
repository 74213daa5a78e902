using System.Text.Json.Serialization;
using FindMe.Faces;
using FindMe.Recognition;

namespace FindMe.Vision;

/// <summary>The vectors of a face.</summary>
/// <param name="Recipe">The model and alignment that made them; only vectors of the same recipe can be compared.</param>
/// <param name="Vectors">The face's own vector first, then those of its augmentations.</param>
/// <param name="Box">The face's bounding box.</param>
/// <param name="Quality">The quality of the picture as a reference, 0 to 1; higher is better.</param>
/// <param name="Warnings">What would improve the picture, one sentence each.</param>
internal sealed record TrainedView(string Recipe, IReadOnlyList<float[]> Vectors, BoxView Box, float Quality, IReadOnlyList<string> Warnings);

/// <summary>Whether a picture shows the person.</summary>
/// <param name="Present">Whether it does.</param>
/// <param name="Faces">The number of faces on the picture.</param>
/// <param name="Distance">The distance of the nearest face; omitted if there is no face.</param>
/// <param name="Box">That face's bounding box.</param>
internal sealed record PresenceView(bool Present, int Faces, float? Distance = null, BoxView? Box = null)
{
    public static PresenceView Of(FacePresence presence) =>
        new(presence.Present, presence.Faces, presence.Distance, presence.Box is { } box ? BoxView.Of(box) : null);
}

/// <summary>The result for one picture of a batch, or why it could not be read; omits what does not apply.</summary>
/// <param name="Present">Whether it shows the person.</param>
/// <param name="Faces">The number of faces on the picture.</param>
/// <param name="Distance">The distance of the nearest face.</param>
/// <param name="Box">That face's bounding box.</param>
/// <param name="Problem">Why it could not be read.</param>
internal sealed record BatchPresenceView(bool? Present = null, int? Faces = null, float? Distance = null, BoxView? Box = null, ProblemView? Problem = null)
{
    public static BatchPresenceView Of(FacePresence presence)
    {
        var view = PresenceView.Of(presence);
        return new(view.Present, view.Faces, view.Distance, view.Box);
    }
}

/// <summary>The results of a batch, in the order of its pictures.</summary>
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
