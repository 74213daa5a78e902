using System.Text.Json.Serialization;
using FindMe.Faces;
using FindMe.Recognition;

namespace FindMe.Vision;

/// <summary>Vectors and pictures in JSON.</summary>
/// <param name="Recipe">What made the vectors.</param>
/// <param name="Vectors">The rows that POST /faces/train answered.</param>
/// <param name="Image">One picture in base64.</param>
/// <param name="Images">Or several: then the answer has a list of results in the same order.</param>
internal sealed record RecognizeBody(string Recipe, IReadOnlyList<float[]> Vectors, string? Image, IReadOnlyList<string>? Images);

/// <summary>The vectors of a face.</summary>
/// <param name="Recipe">What made them: only the same recipe compares them.</param>
/// <param name="Vectors">The face's own first, then its augmentations'.</param>
/// <param name="Box">Where the face is.</param>
/// <param name="Quality">How well the picture serves, 0 to 1.</param>
/// <param name="Warnings">What to do better, a sentence each.</param>
internal sealed record TrainedView(string Recipe, IReadOnlyList<float[]> Vectors, BoxView Box, float Quality, IReadOnlyList<string> Warnings);

/// <summary>Whether a picture shows the person.</summary>
/// <param name="Present">Whether it does; null with a problem.</param>
/// <param name="Distance">Distance of the nearest face; null where there is no face.</param>
/// <param name="Box">Where that face is.</param>
/// <param name="Faces">How many faces there are.</param>
/// <param name="Problem">Why this picture of a batch could not be read; null where it could.</param>
internal sealed record PresenceView(bool? Present, float? Distance, BoxView? Box, int? Faces, ProblemView? Problem)
{
    public static PresenceView Of(FacePresence presence) =>
        new(presence.Present, presence.Distance, presence.Box is { } box ? BoxView.Of(box) : null, presence.Faces, null);
}

/// <summary>The answers to a batch, in its order.</summary>
internal sealed record PresencesView(IReadOnlyList<PresenceView> Results);

/// <summary>Why one picture of a batch could not be read.</summary>
internal sealed record ProblemView(string Type, string Title, string Detail);

/// <summary>A face's box, in pixels of the upright full-size picture.</summary>
internal sealed record BoxView(float X, float Y, float Width, float Height)
{
    public static BoxView Of(Box box) => new(box.X, box.Y, box.Width, box.Height);
}

[JsonSerializable(typeof(float[]))]
internal sealed partial class VisionJson : JsonSerializerContext;
