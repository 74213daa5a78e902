using System.Numerics;
using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>Embeds randomly changed copies of a face: rotated, shifted, scaled, brighter or darker, noisier, or of lower resolution.</summary>
internal static class FaceVariants
{
    // Side of the crop to change, in pixels. A chip covers about the middle half of it, which is more pixels than the chip has.
    private const int Side = 256;

    // Side of the crop, in sides of the face's box. Large enough to contain a rotated chip.
    private const float CropFactor = 2.2f;

    // Variation of head pose and of landmarks in poor photos. In degrees, as a share of the size, and in sides of the face's box.
    private const float MaxRotation = 8;
    private const float MaxScale = 0.06f;
    private const float MaxShift = 0.03f;

    // Exposure, in stops (powers of two), and noise of a phone's sensor in the dark, in levels of 255.
    private const float MaxExposure = 0.5f;
    private const float MaxNoise = 8;

    // Lowest resolution of the crop, in pixels per side; a face in the middle of an audience is as small.
    private const int MinResolution = 48;

    /// <summary>Embeds changed copies of a face.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="picture">The photo.</param>
    /// <param name="face">The face, in pixels of the full-size photo.</param>
    /// <param name="count">Number of copies, 0 or more.</param>
    /// <param name="random">Source of the random changes.</param>
    /// <param name="cancellationToken">Checked before each copy.</param>
    public static IReadOnlyList<FaceEmbedding> Embed(
        FaceEngine engine, Picture picture, DetectedFace face, int count, Random random, CancellationToken cancellationToken)
    {
        if (count == 0)
        {
            return [];
        }

        var box = face.Box.Scale(1 / picture.ScaleX, 1 / picture.ScaleY);
        var landmarks = face.Landmarks.Scale(1 / picture.ScaleX, 1 / picture.ScaleY);
        var side = CropFactor * Math.Max(box.Width, box.Height);
        var scale = side / Side;
        var corner = box.Centre - new Vector2(side / 2);
        var toPicture = Matrix3x2.CreateScale(scale) * Matrix3x2.CreateTranslation(corner);
        var planes = new float[Picture.Bands * Side * Side];
        FaceAlignment.Warp(picture, toPicture, Side, planes);
        var inCrop = landmarks.Map(point => (point - corner) / scale);
        var embeddings = new List<FaceEmbedding>(count);
        for (var i = 0; i < count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var changed = Change(planes, random);
            var moved = Move(inCrop, random);
            embeddings.Add(engine.Recognition.Embed(changed, new Box(0, 0, Side, Side), moved));
        }

        return embeddings;
    }

    // Moving the landmarks moves the chip, which is aligned by them.
    private static Landmarks Move(Landmarks landmarks, Random random)
    {
        var face = Side / CropFactor;
        var middle = new Vector2(Side / 2f);
        var move = Matrix3x2.CreateRotation(Within(random, MaxRotation) * MathF.PI / 180, middle)
            * Matrix3x2.CreateScale(1 + Within(random, MaxScale), middle)
            * Matrix3x2.CreateTranslation(Within(random, MaxShift) * face, Within(random, MaxShift) * face);
        return landmarks.Map(point => Vector2.Transform(point, move));
    }

    private static Picture Change(float[] planes, Random random)
    {
        var exposure = MathF.Pow(2, Within(random, MaxExposure));
        var noise = random.NextSingle() * MaxNoise;
        var resolution = random.Next(3) == 0 ? random.Next(MinResolution, Side) : Side;
        var picture = new Picture(Side, Side, Side, Side);
        for (var y = 0; y < Side; y++)
        {
            for (var x = 0; x < Side; x++)
            {
                for (var channel = 0; channel < Picture.Bands; channel++)
                {
                    // Uniform noise of the same standard deviation works as well as Gaussian noise, and needs only one random number.
                    var value = (Sample(planes, channel, x, y, resolution) * exposure) + (Within(random, noise) * MathF.Sqrt(3));
                    picture.Pixels[(((y * Side) + x) * Picture.Bands) + channel] = (byte)Math.Clamp(MathF.Round(value), 0, 255);
                }
            }
        }

        return picture;
    }

    // Returns the pixel at a lower resolution.
    private static float Sample(float[] planes, int channel, int x, int y, int resolution)
    {
        var (column, row) = resolution == Side ? (x, y) : (x * resolution / Side * Side / resolution, y * resolution / Side * Side / resolution);
        return planes[(((channel * Side) + row) * Side) + column];
    }

    private static float Within(Random random, float range) => ((random.NextSingle() * 2) - 1) * range;
}
