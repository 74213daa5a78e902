using System.Numerics;

namespace FindMe.Faces;

/// <summary>Step 3: box of a face → its 68 landmarks.</summary>
internal sealed class LandmarkDetection : IDisposable
{
    /// <summary>File name of the model.</summary>
    public const string File = "face_landmark_68.onnx";

    internal const string Input = "image";
    internal const string Output = "landmarks";

    // Side of the model's input, in pixels.
    internal const int Side = 112;

    // The square of the second pass, in pixels of ArcFace's 112-pixel chip: slightly larger than the detector's typical box.
    internal static readonly Vector2 UprightCentre = new(56, 62);
    internal const float UprightSide = 116;

    private readonly ModelFile _model;

    private LandmarkDetection(ModelFile model) => _model = model;

    /// <exception cref="ModelException">The file is missing, damaged or another model.</exception>
    public static LandmarkDetection Load(string path) => new(ModelFile.Load(
        path,
        new ModelFile.Tensor(Input, -1, 3, Side, Side),
        [new ModelFile.Tensor(Output, -1, 2 * Landmarks.Count)]));

    /// <summary>Finds the landmarks of the face in a box.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="box">The face, in pixels of <paramref name="picture"/>.</param>
    /// <param name="kind">How the crop is resized.</param>
    /// <returns>The landmarks, in pixels of <paramref name="picture"/>.</returns>
    public Landmarks Detect(Picture picture, Box box, ResamplingKind kind = ResamplingKind.Smooth)
    {
        var crop = WholePixels(box, picture);
        const int length = Picture.Bands * Side * Side;
        var planes = Buffers.Floats.Rent(length);
        try
        {
            ResamplePadded(picture, crop, Side, planes, kind);
            using var outputs = _model.Run(planes.AsMemory(0, length), 1, Picture.Bands, Side, Side);
            return ToPicture(outputs[0].GetTensorDataAsSpan<float>(), crop, box);
        }
        finally
        {
            Buffers.Floats.Return(planes);
        }
    }

    /// <summary>Finds the landmarks of a face, then refines them in a crop that is centred and upright according to the first result.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="box">The face, in pixels of <paramref name="picture"/>.</param>
    /// <returns>The landmarks, in pixels of <paramref name="picture"/>.</returns>
    public Landmarks DetectTwice(Picture picture, Box box)
    {
        var first = Detect(picture, box);
        var fromChip = FaceAlignment.FivePoints.ToPicture(first);
        var scale = MathF.Sqrt((fromChip.M11 * fromChip.M11) + (fromChip.M12 * fromChip.M12));
        var (centre, side) = (Vector2.Transform(UprightCentre, fromChip), UprightSide * scale);
        if (!IsPlausible(box, centre, side))
        {
            return first;
        }

        var (cos, sin) = (fromChip.M11 * UprightSide / Side, fromChip.M12 * UprightSide / Side);
        var toPicture = new Matrix3x2(cos, sin, -sin, cos, 0, 0);
        toPicture.Translation = centre - Vector2.Transform(new Vector2(Side / 2f), toPicture);
        const int length = Picture.Bands * Side * Side;
        var planes = Buffers.Floats.Rent(length);
        try
        {
            FaceAlignment.Warp(picture, toPicture, Side, planes);
            using var outputs = _model.Run(planes.AsMemory(0, length), 1, Picture.Bands, Side, Side);
            var output = outputs[0].GetTensorDataAsSpan<float>();
            var points = new Vector2[Landmarks.Count];
            for (var i = 0; i < points.Length; i++)
            {
                points[i] = Vector2.Transform(new Vector2(output[2 * i], output[(2 * i) + 1]) * Side, toPicture);
            }

            return new Landmarks(points);
        }
        finally
        {
            Buffers.Floats.Return(planes);
        }
    }

    /// <summary>Pads a crop with black to a square, and resizes it to a model's input.</summary>
    public static void ResamplePadded(Picture picture, PixelRectangle crop, int side, Span<float> planes, ResamplingKind kind)
    {
        var (size, shorter) = (Math.Max(crop.Width, crop.Height), Math.Min(crop.Width, crop.Height));

        // Centred as in face-api.js: for an odd difference, the right or lower margin is one pixel larger.
        var before = size - shorter - ((size - shorter + 1) / 2);
        var padding = crop.Width < crop.Height
            ? new PixelRectangle(before, 0, size, size)
            : new PixelRectangle(0, before, size, size);
        Resampling.Resample(picture, crop, padding, side, side, planes, side, side, kind);
    }

    /// <summary>Clips a box to the picture and rounds it as face-api.js does; at least one pixel remains.</summary>
    public static PixelRectangle WholePixels(Box box, Picture picture)
    {
        var x = Math.Clamp((int)box.X, 0, picture.Width - 1);
        var y = Math.Clamp((int)box.Y, 0, picture.Height - 1);
        return new PixelRectangle(
            x,
            y,
            Math.Clamp((int)Math.Min(box.Width, picture.Width - box.X), 1, picture.Width - x),
            Math.Clamp((int)Math.Min(box.Height, picture.Height - box.Y), 1, picture.Height - y));
    }

    public void Dispose() => _model.Dispose();

    // If the first pass failed, such as on a profile, its landmarks would move the second crop off the face.
    private static bool IsPlausible(Box box, Vector2 centre, float side)
    {
        var size = Math.Max(box.Width, box.Height);
        return side > size / 2 && side < size * 2 && centre.X > box.X && centre.X < box.Right && centre.Y > box.Y && centre.Y < box.Bottom;
    }

    // The output is relative to the padded square. As in face-api.js, the origin is the unrounded corner of the box, and the margins are
    // exact halves of the difference between the sides, not the whole pixels of the padding.
    private static Landmarks ToPicture(ReadOnlySpan<float> output, PixelRectangle crop, Box box)
    {
        var scale = (float)Side / Math.Max(crop.Width, crop.Height);
        var (width, height) = (crop.Width * scale, crop.Height * scale);
        var (marginX, marginY) = (Math.Max(0, (height - width) / 2), Math.Max(0, (width - height) / 2));
        var points = new Vector2[Landmarks.Count];
        for (var i = 0; i < points.Length; i++)
        {
            var x = ((output[2 * i] * Side) - marginX) / width;
            var y = ((output[(2 * i) + 1] * Side) - marginY) / height;
            points[i] = new Vector2(box.X + (x * crop.Width), box.Y + (y * crop.Height));
        }

        return new Landmarks(points);
    }
}
