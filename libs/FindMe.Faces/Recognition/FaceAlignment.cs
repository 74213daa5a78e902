using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace FindMe.Faces;

/// <summary>Step 4: landmarks → chip, a square crop in which they lie where the recognition model expects them.</summary>
/// <param name="template">The landmarks used, and their positions in the chip.</param>
/// <param name="side">Side of the chip in pixels.</param>
internal sealed class FaceAlignment(RecognitionRecipe.AlignmentPoint[] template, int side)
{
    // Maximum samples per chip pixel along each axis. More would not reduce noise further.
    internal const int MaxSamples = 6;

    /// <summary>
    /// Alignment of ArcFace's training code: eyes, nose tip and mouth corners in 112 × 112 pixels. The engine uses it to assess every face,
    /// regardless of the recognition model.
    /// </summary>
    /// <remarks>https://github.com/deepinsight/insightface/blob/master/python-package/insightface/utils/face_align.py</remarks>
    public static readonly FaceAlignment FivePoints = new(
        [
            new([36, 37, 38, 39, 40, 41], 38.2946f, 51.6963f),
            new([42, 43, 44, 45, 46, 47], 73.5318f, 51.5014f),
            new([30], 56.0252f, 71.7366f),
            new([48], 41.5493f, 92.3655f),
            new([54], 70.7299f, 92.2041f),
        ],
        side: 112);

    private readonly Vector2[] _positions = Array.ConvertAll(template, point => point.Position);

    /// <summary>Side of a chip in pixels.</summary>
    public int Side => side;

    /// <summary>The landmarks used, and their positions in the chip.</summary>
    public IReadOnlyList<RecognitionRecipe.AlignmentPoint> Template => template;

    /// <summary>Number of values in a chip: three planes.</summary>
    public int Length => Picture.Bands * side * side;

    /// <summary>Extracts the chip of a face.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="landmarks">Landmarks of the face, in pixels of <paramref name="picture"/>.</param>
    /// <param name="chip">Receives <c>[3, side, side]</c>: red, green, blue, 0 to 255; black outside the picture.</param>
    public void Align(Picture picture, Landmarks landmarks, Span<float> chip) => Warp(picture, ToPicture(landmarks), side, chip);

    /// <summary>Extracts a rotated square from a picture.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="toPicture">Similarity transform from pixels of the square to pixels of <paramref name="picture"/>.</param>
    /// <param name="side">Side of the square in pixels.</param>
    /// <param name="chip">Receives <c>[3, side, side]</c>: red, green, blue, 0 to 255; black outside the picture.</param>
    public static void Warp(Picture picture, Matrix3x2 toPicture, int side, Span<float> chip)
    {
        var scale = MathF.Sqrt((toPicture.M11 * toPicture.M11) + (toPicture.M12 * toPicture.M12));
        var samples = Math.Clamp((int)MathF.Ceiling(scale), 1, MaxSamples);
        var plane = side * side;
        var weight = 1f / (samples * samples);
        var source = new BilinearSource(picture, IsInside(picture, toPicture, side));
        var (acrossStep, downStep) = (new Vector2(toPicture.M11, toPicture.M12) / samples, new Vector2(toPicture.M21, toPicture.M22) / samples);
        for (var y = 0; y < side; y++)
        {
            for (var x = 0; x < side; x++)
            {
                // Spread the samples evenly over the pixel. Pixel centres have integer coordinates.
                var offset = (0.5f / samples) - 0.5f;
                var row = Vector2.Transform(new Vector2(x + offset, y + offset), toPicture);
                var colour = Vector3.Zero;
                for (var i = 0; i < samples; i++, row += downStep)
                {
                    var point = row;
                    for (var j = 0; j < samples; j++, point += acrossStep)
                    {
                        colour += source.At(point);
                    }
                }

                var target = (y * side) + x;
                chip[target] = colour.X * weight;
                chip[plane + target] = colour.Y * weight;
                chip[(2 * plane) + target] = colour.Z * weight;
            }
        }
    }

    /// <summary>Returns the root mean square distance, in chip pixels, between the best-fitted landmarks and their positions.</summary>
    public float MisfitOf(Landmarks landmarks)
    {
        var toPicture = ToPicture(landmarks);
        var sum = 0f;
        for (var i = 0; i < _positions.Length; i++)
        {
            sum += Vector2.DistanceSquared(Vector2.Transform(_positions[i], toPicture), landmarks.MeanOf(template[i].Landmarks));
        }

        return MathF.Sqrt(sum / _positions.Length / Math.Max(float.Epsilon, toPicture.GetDeterminant()));
    }

    /// <summary>Returns the least-squares similarity (rotation, scale, translation; no mirroring) that maps the chip to the picture.</summary>
    /// <remarks>With both point sets centred and read as complex numbers, its factor is Σ template* · point / Σ |template|².</remarks>
    public Matrix3x2 ToPicture(Landmarks landmarks)
    {
        Span<Vector2> points = stackalloc Vector2[template.Length];
        for (var i = 0; i < points.Length; i++)
        {
            points[i] = landmarks.MeanOf(template[i].Landmarks);
        }

        var (from, to) = (Mean(_positions), Mean(points));
        var (real, imaginary, norm) = (0f, 0f, 0f);
        for (var i = 0; i < points.Length; i++)
        {
            var (a, b) = (_positions[i] - from, points[i] - to);
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

    // Whether the picture contains the four pixels around every sample, which holds if it does for the chip's corners.
    private static bool IsInside(Picture picture, Matrix3x2 toPicture, int side)
    {
        ReadOnlySpan<Vector2> corners = [new(-1, -1), new(side, -1), new(-1, side), new(side, side)];
        foreach (var corner in corners)
        {
            var point = Vector2.Transform(corner, toPicture);
            if (!(point.X >= 1 && point.Y >= 1 && point.X < picture.Width - 2 && point.Y < picture.Height - 2))
            {
                return false;
            }
        }

        return true;
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

    /// <summary>Interpolates the picture's colours between pixel centres, which have integer coordinates.</summary>
    private readonly ref struct BilinearSource(Picture picture, bool inside)
    {
        private readonly ReadOnlySpan<byte> _pixels = picture.Pixels;
        private readonly int _width = picture.Width;
        private readonly int _height = picture.Height;

        public Vector3 At(Vector2 point)
        {
            if (!inside && !(point.X > -1 && point.Y > -1 && point.X < _width && point.Y < _height))
            {
                return Vector3.Zero;
            }

            var (left, top) = ((int)MathF.Floor(point.X), (int)MathF.Floor(point.Y));
            var (shareX, shareY) = (point.X - left, point.Y - top);
            if (!inside)
            {
                var upper = Vector3.Lerp(PixelAt(left, top), PixelAt(left + 1, top), shareX);
                var lower = Vector3.Lerp(PixelAt(left, top + 1), PixelAt(left + 1, top + 1), shareX);
                return Vector3.Lerp(upper, lower, shareY);
            }

            var stride = _width * Picture.Bands;
            ref var pixel = ref Unsafe.Add(ref MemoryMarshal.GetReference(_pixels), (top * stride) + (left * Picture.Bands));
            return Lerp(LerpRow(ref pixel, shareX), LerpRow(ref Unsafe.Add(ref pixel, stride), shareX), shareY).AsVector3();
        }

        private static Vector128<float> LerpRow(ref byte pixel, float share) =>
            Lerp(Widen(ref pixel), Widen(ref Unsafe.Add(ref pixel, Picture.Bands)), share);

        private static Vector128<float> Lerp(Vector128<float> a, Vector128<float> b, float share) => a + ((b - a) * share);

        // Reads four bytes for a three-byte pixel; IsInside guarantees that one more byte follows.
        private static Vector128<float> Widen(ref byte pixel) =>
            Vector128.ConvertToSingle(Vector128.WidenLower(Vector128.WidenLower(
                Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<uint>(ref pixel)).AsByte())).AsInt32());

        private Vector3 PixelAt(int x, int y)
        {
            if ((uint)x >= (uint)_width || (uint)y >= (uint)_height)
            {
                return Vector3.Zero;
            }

            var pixel = _pixels.Slice(((y * _width) + x) * Picture.Bands, Picture.Bands);
            return new Vector3(pixel[0], pixel[1], pixel[2]);
        }
    }
}
