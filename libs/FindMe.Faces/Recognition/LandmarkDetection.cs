using System.Numerics;

namespace FindMe.Faces;

/// <summary>Step 3: a face's box → its 68 points.</summary>
internal sealed class LandmarkDetection : IDisposable
{
    // Side of the model's input.
    private const int Side = 112;

    private readonly ModelFile _model;

    private LandmarkDetection(ModelFile model) => _model = model;

    /// <exception cref="ModelException">The file is missing or another model.</exception>
    public static LandmarkDetection Load(string path) => new(ModelFile.Load(
        path,
        new ModelFile.Tensor("image", -1, 3, Side, Side),
        new ModelFile.Tensor("landmarks", -1, 2 * Landmarks.Count)));

    /// <summary>Finds the points of the face in a box.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="box">The face, in pixels of <paramref name="picture"/>.</param>
    /// <param name="kind">How the crop is brought to the model's size; <see cref="ResamplingKind.FaceApi"/> to do as face-api.js does.</param>
    /// <returns>The points in pixels of <paramref name="picture"/>.</returns>
    public Landmarks Detect(Picture picture, Box box, ResamplingKind kind = ResamplingKind.Smooth)
    {
        var crop = WholePixels(box, picture);
        var (size, shorter) = (Math.Max(crop.Width, crop.Height), Math.Min(crop.Width, crop.Height));

        // Centred as face-api.js does: of an odd difference the larger half goes behind.
        var before = size - shorter - ((size - shorter + 1) / 2);
        var padding = crop.Width < crop.Height
            ? new PixelRectangle(before, 0, size, size)
            : new PixelRectangle(0, before, size, size);
        const int length = Picture.Bands * Side * Side;
        var planes = Buffers.Floats.Rent(length);
        try
        {
            Resampling.Resample(picture, crop, padding, Side, Side, planes, Side, Side, kind);
            using var outputs = _model.Run(planes.AsMemory(0, length), 1, Picture.Bands, Side, Side);
            return ToPicture(outputs[0].GetTensorDataAsSpan<float>(), crop, box);
        }
        finally
        {
            Buffers.Floats.Return(planes);
        }
    }

    public void Dispose() => _model.Dispose();

    // The points are shares of the padded square. face-api.js adds the box's own corner, not the crop's whole pixels; its margins are
    // halves of what the shorter side lacks, not the whole pixels of the padding.
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

    private static PixelRectangle WholePixels(Box box, Picture picture)
    {
        var x = Math.Clamp((int)box.X, 0, picture.Width - 1);
        var y = Math.Clamp((int)box.Y, 0, picture.Height - 1);
        return new PixelRectangle(
            x,
            y,
            Math.Clamp((int)Math.Min(box.Width, picture.Width - box.X), 1, picture.Width - x),
            Math.Clamp((int)Math.Min(box.Height, picture.Height - box.Y), 1, picture.Height - y));
    }
}
