using System.Numerics;

namespace FindMe.Faces;

/// <summary>The size, faces and fingerprint of a photo.</summary>
/// <param name="Width">Width of the full-size photo, upright, in pixels.</param>
/// <param name="Height">Height of the full-size photo, upright, in pixels.</param>
/// <param name="Faces">The detected faces, highest score first; may be empty.</param>
/// <param name="Fingerprint">Perceptual hash that recognizes copies of the photo.</param>
public sealed record AnalyzedPhoto(int Width, int Height, IReadOnlyList<DetectedFace> Faces, PhotoFingerprint Fingerprint);

/// <summary>A face that the detector found in a photo.</summary>
/// <param name="Box">Its bounding box, in pixels of the upright full-size photo.</param>
/// <param name="Score">Confidence of the detector, 0 to 1. Faces below the detection threshold are not reported.</param>
/// <param name="Landmarks">Its 68 landmarks.</param>
/// <param name="Embedding">The vector to compare with other faces.</param>
public sealed record DetectedFace(Box Box, float Score, Landmarks Landmarks, FaceEmbedding Embedding)
{
    /// <summary>Maps a face found in a photo rotated by 90° back to the original photo.</summary>
    /// <param name="clockwise">Direction in which the photo was rotated.</param>
    /// <param name="width">Width of the rotated photo, in pixels.</param>
    /// <param name="height">Height of the rotated photo, in pixels.</param>
    internal DetectedFace RotateBack(bool clockwise, int width, int height) => this with
    {
        Box = clockwise
            ? new Box(Box.Y, width - Box.Right, Box.Height, Box.Width)
            : new Box(height - Box.Bottom, Box.X, Box.Height, Box.Width),
        Landmarks = Landmarks.Map(point => clockwise ? new Vector2(point.Y, width - point.X) : new Vector2(height - point.Y, point.X)),
    };
}

/// <summary>A rectangle within the upright full-size photo, in pixels.</summary>
/// <param name="X">Distance of its left edge from the photo's left edge.</param>
/// <param name="Y">Distance of its top edge from the photo's top edge.</param>
/// <param name="Width">Width, 0 or more.</param>
/// <param name="Height">Height, 0 or more.</param>
public readonly record struct Box(float X, float Y, float Width, float Height)
{
    internal float Right => X + Width;

    internal float Bottom => Y + Height;

    internal float Area => Width * Height;

    internal Vector2 Centre => new(X + (Width / 2), Y + (Height / 2));

    internal static Box FromEdges(float left, float top, float right, float bottom) =>
        new(left, top, Math.Max(0, right - left), Math.Max(0, bottom - top));

    /// <summary>Clips the box to a picture of the given size.</summary>
    internal Box ClampTo(float width, float height) =>
        FromEdges(Math.Clamp(X, 0, width), Math.Clamp(Y, 0, height), Math.Clamp(Right, 0, width), Math.Clamp(Bottom, 0, height));

    internal float IntersectionWith(Box other)
    {
        var width = Math.Min(Right, other.Right) - Math.Max(X, other.X);
        var height = Math.Min(Bottom, other.Bottom) - Math.Max(Y, other.Y);
        return width > 0 && height > 0 ? width * height : 0;
    }

    /// <summary>Intersection over union, 0 to 1.</summary>
    internal float OverlapWith(Box other)
    {
        var intersection = IntersectionWith(other);
        return intersection > 0 ? intersection / (Area + other.Area - intersection) : 0;
    }

    internal Box Scale(float x, float y) => new(X * x, Y * y, Width * x, Height * y);
}
