using System.Numerics;

namespace FindMe.Faces;

/// <summary>Step 4: a face's points → a chip in which eyes, nose and mouth lie where the recognition model expects them.</summary>
internal static class FaceAlignment
{
    /// <summary>Names the alignment in <see cref="FaceEngine.Recipe"/>: embeddings of other alignments are not comparable.</summary>
    public const string Version = "five-point-1";

    /// <summary>Side of a chip in pixels.</summary>
    public const int Side = 112;

    /// <summary>Values of a chip: three planes.</summary>
    public const int Length = Picture.Bands * Side * Side;

    // What a pixel of the chip is the mean of, at most, along each axis: beyond, noise is gone anyway.
    private const int MaxSamples = 6;

    // Centres of the eyes, tip of the nose, corners of the mouth in a chip of 112 × 112, as ArcFace's training code has them:
    // https://github.com/deepinsight/insightface/blob/master/python-package/insightface/utils/face_align.py
    private static readonly Vector2[] Template =
    [
        new(38.2946f, 51.6963f),
        new(73.5318f, 51.5014f),
        new(56.0252f, 71.7366f),
        new(41.5493f, 92.3655f),
        new(70.7299f, 92.2041f),
    ];

    /// <summary>Cuts the chip out.</summary>
    /// <param name="picture">The picture; not changed.</param>
    /// <param name="landmarks">The face's points, in pixels of <paramref name="picture"/>.</param>
    /// <param name="chip">Gets <c>[3, 112, 112]</c>: blue, green, red, (value − 127.5) / 128; black outside of the picture.</param>
    public static void Align(Picture picture, Landmarks landmarks, Span<float> chip)
    {
        var toPicture = FitTemplateTo(landmarks);
        var scale = MathF.Sqrt((toPicture.M11 * toPicture.M11) + (toPicture.M12 * toPicture.M12));
        var samples = Math.Clamp((int)MathF.Ceiling(scale), 1, MaxSamples);
        for (var y = 0; y < Side; y++)
        {
            for (var x = 0; x < Side; x++)
            {
                var colour = Sample(picture, toPicture, x, y, samples);
                var normalized = (colour - new Vector3(127.5f)) / 128;
                var target = (y * Side) + x;
                chip[target] = normalized.Z;
                chip[(Side * Side) + target] = normalized.Y;
                chip[(2 * Side * Side) + target] = normalized.X;
            }
        }
    }

    /// <summary>Writes a chip's mirror image.</summary>
    /// <param name="chip"><c>[3, 112, 112]</c>.</param>
    /// <param name="mirrored">Gets the same with left and right exchanged.</param>
    public static void Mirror(ReadOnlySpan<float> chip, Span<float> mirrored)
    {
        for (var row = 0; row < Length; row += Side)
        {
            chip.Slice(row, Side).CopyTo(mirrored[row..]);
            mirrored.Slice(row, Side).Reverse();
        }
    }

    private static Vector3 Sample(Picture picture, Matrix3x2 toPicture, int x, int y, int samples)
    {
        ReadOnlySpan<byte> pixels = picture.Pixels;
        var sum = Vector3.Zero;
        for (var i = 0; i < samples; i++)
        {
            for (var j = 0; j < samples; j++)
            {
                var inChip = new Vector2(x + ((j + 0.5f) / samples) - 0.5f, y + ((i + 0.5f) / samples) - 0.5f);
                sum += Interpolate(pixels, picture.Width, picture.Height, Vector2.Transform(inChip, toPicture));
            }
        }

        return sum / (samples * samples);
    }

    // The point between four pixels, whose centres have whole coordinates.
    private static Vector3 Interpolate(ReadOnlySpan<byte> pixels, int width, int height, Vector2 point)
    {
        if (!(point.X > -1 && point.Y > -1 && point.X < width && point.Y < height))
        {
            return Vector3.Zero;
        }

        var (left, top) = ((int)MathF.Floor(point.X), (int)MathF.Floor(point.Y));
        var (shareX, shareY) = (point.X - left, point.Y - top);
        var upper = Vector3.Lerp(PixelAt(pixels, width, height, left, top), PixelAt(pixels, width, height, left + 1, top), shareX);
        var lower = Vector3.Lerp(PixelAt(pixels, width, height, left, top + 1), PixelAt(pixels, width, height, left + 1, top + 1), shareX);
        return Vector3.Lerp(upper, lower, shareY);
    }

    private static Vector3 PixelAt(ReadOnlySpan<byte> pixels, int width, int height, int x, int y)
    {
        if ((uint)x >= (uint)width || (uint)y >= (uint)height)
        {
            return Vector3.Zero;
        }

        var pixel = pixels.Slice(((y * width) + x) * Picture.Bands, Picture.Bands);
        return new Vector3(pixel[0], pixel[1], pixel[2]);
    }

    // The similarity (turn, scale, move; no mirroring) of least squares that takes the template to the face's points: with both sets
    // centred and taken as complex numbers, its factor is Σ template* · point / Σ |template|².
    private static Matrix3x2 FitTemplateTo(Landmarks landmarks)
    {
        ReadOnlySpan<Vector2> points =
        [
            landmarks.LeftEye,
            landmarks.RightEye,
            landmarks.NoseTip,
            landmarks.LeftMouthCorner,
            landmarks.RightMouthCorner,
        ];
        var (from, to) = (Mean(Template), Mean(points));
        var (real, imaginary, norm) = (0f, 0f, 0f);
        for (var i = 0; i < points.Length; i++)
        {
            var (a, b) = (Template[i] - from, points[i] - to);
            real += Vector2.Dot(a, b);
            imaginary += (a.X * b.Y) - (a.Y * b.X);
            norm += a.LengthSquared();
        }

        var (cos, sin) = (real / norm, imaginary / norm);
        return new Matrix3x2(
            cos,
            sin,
            -sin,
            cos,
            to.X - ((cos * from.X) - (sin * from.Y)),
            to.Y - ((sin * from.X) + (cos * from.Y)));
    }

    private static Vector2 Mean(ReadOnlySpan<Vector2> points)
    {
        var sum = Vector2.Zero;
        foreach (var point in points)
        {
            sum += point;
        }

        return sum / points.Length;
    }
}
