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
        var isInside = IsInside(picture, toPicture, side);
        var (acrossStep, downStep) = (new Vector2(toPicture.M11, toPicture.M12) / samples, new Vector2(toPicture.M21, toPicture.M22) / samples);

        // Spread the samples evenly over the pixel. Pixel centres have integer coordinates.
        var offset = (0.5f / samples) - 0.5f;
        for (var y = 0; y < side; y++)
        {
            for (var x = 0; x < side; x++)
            {
                var first = Vector2.Transform(new Vector2(x + offset, y + offset), toPicture);
                var colour = isInside
                    ? SumInside(picture, first, acrossStep, downStep, samples)
                    : Sum(picture, first, acrossStep, downStep, samples);
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

    // Sums the colours at points that the picture may not contain. Colours are interpolated between pixel centres.
    private static Vector3 Sum(Picture picture, Vector2 first, Vector2 acrossStep, Vector2 downStep, int samples)
    {
        var sum = Vector3.Zero;
        for (var i = 0; i < samples; i++, first += downStep)
        {
            var point = first;
            for (var j = 0; j < samples; j++, point += acrossStep)
            {
                sum += ColourAt(picture, point);
            }
        }

        return sum;
    }

    private static Vector3 ColourAt(Picture picture, Vector2 point)
    {
        if (!(point.X > -1 && point.Y > -1 && point.X < picture.Width && point.Y < picture.Height))
        {
            return Vector3.Zero;
        }

        var (left, top) = ((int)MathF.Floor(point.X), (int)MathF.Floor(point.Y));
        var upper = Vector3.Lerp(PixelAt(left, top), PixelAt(left + 1, top), point.X - left);
        var lower = Vector3.Lerp(PixelAt(left, top + 1), PixelAt(left + 1, top + 1), point.X - left);
        return Vector3.Lerp(upper, lower, point.Y - top);

        Vector3 PixelAt(int x, int y)
        {
            if ((uint)x >= (uint)picture.Width || (uint)y >= (uint)picture.Height)
            {
                return Vector3.Zero;
            }

            var pixel = picture.Pixels.Slice(((y * picture.Width) + x) * Picture.Bands, Picture.Bands);
            return new Vector3(pixel[0], pixel[1], pixel[2]);
        }
    }

    // As Sum, without its checks, for points that IsInside. Runs for every pixel of a face: optimize at once.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static Vector3 SumInside(Picture picture, Vector2 first, Vector2 acrossStep, Vector2 downStep, int samples)
    {
        ref var pixels = ref MemoryMarshal.GetReference(picture.Pixels);
        var stride = picture.Width * Picture.Bands;
        var (across, down) = (acrossStep.AsVector128(), downStep.AsVector128());
        var row = first.AsVector128();
        var sum = Vector128<float>.Zero;
        for (var i = 0; i < samples; i++, row += down)
        {
            var point = row;
            for (var j = 0; j < samples; j++, point += across)
            {
                // Inside, coordinates are positive, so converting rounds down.
                var corner = Vector128.ConvertToInt32(point);
                var share = point - Vector128.ConvertToSingle(corner);
                ref var pixel = ref Unsafe.Add(ref pixels, (corner[1] * stride) + (corner[0] * Picture.Bands));
                var (shareX, shareY) = (Vector128.Create(share[0]), Vector128.Create(share[1]));
                sum += Lerp(LerpRow(ref pixel, shareX), LerpRow(ref Unsafe.Add(ref pixel, stride), shareX), shareY);
            }
        }

        return sum.AsVector3();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> LerpRow(ref byte pixel, Vector128<float> share) =>
        Lerp(Widen(ref pixel), Widen(ref Unsafe.Add(ref pixel, Picture.Bands)), share);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Lerp(Vector128<float> a, Vector128<float> b, Vector128<float> share) => a + ((b - a) * share);

    // Reads four bytes for a three-byte pixel; IsInside guarantees that one more byte follows.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Widen(ref byte pixel) =>
        Vector128.ConvertToSingle(Vector128.WidenLower(Vector128.WidenLower(
            Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<uint>(ref pixel)).AsByte())).AsInt32());
}
