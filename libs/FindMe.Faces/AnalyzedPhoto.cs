using System.Numerics;

namespace FindMe.Faces;

/// <summary>A photo and every face that was found in it.</summary>
/// <param name="Width">Width of the full-size photo, upright, in pixels.</param>
/// <param name="Height">Height of the full-size photo, upright, in pixels.</param>
/// <param name="Faces">The faces, largest score first; empty where there is none.</param>
/// <param name="Fingerprint">What it looks like from afar, to recognise the same picture elsewhere.</param>
public sealed record AnalyzedPhoto(int Width, int Height, IReadOnlyList<DetectedFace> Faces, PhotoFingerprint Fingerprint);

/// <summary>A face in a photo.</summary>
/// <param name="Box">Where it is.</param>
/// <param name="Score">How sure the detector is, 0 to 1; faces below its threshold are not reported.</param>
/// <param name="Landmarks">Its 68 points.</param>
/// <param name="Embedding">Who it is.</param>
public sealed record DetectedFace(Box Box, float Score, Landmarks Landmarks, FaceEmbedding Embedding);

/// <summary>A rectangle in pixels of the upright full-size photo, inside of it.</summary>
/// <param name="X">Distance of its left edge from the photo's left edge.</param>
/// <param name="Y">Distance of its upper edge from the photo's upper edge.</param>
/// <param name="Width">Its width, 0 or more.</param>
/// <param name="Height">Its height, 0 or more.</param>
public readonly record struct Box(float X, float Y, float Width, float Height)
{
    internal float Right => X + Width;

    internal float Bottom => Y + Height;

    internal float Area => Width * Height;

    internal Vector2 Centre => new(X + (Width / 2), Y + (Height / 2));

    internal static Box FromEdges(float left, float top, float right, float bottom) =>
        new(left, top, Math.Max(0, right - left), Math.Max(0, bottom - top));

    /// <summary>The part inside a picture of the given size.</summary>
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
