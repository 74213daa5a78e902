using System.Numerics;
using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>Changed copies of a face, as other photos of the person might show it: turned, moved, smaller, brighter, noisier, mirrored.</summary>
internal static class FaceVariants
{
    // Pixels of the part of a photo that is worked on: a chip takes about the middle half of it, which is more than it has.
    private const int Side = 256;

    // The part that is cut out, in heights of the face's box: a turned chip still lies inside.
    private const float Reach = 2.2f;

    // As far as landmarks are wrong on bad photos, and heads lean: degrees, and shares of the box.
    private const float MaxTurn = 8;
    private const float MaxScale = 0.06f;
    private const float MaxShift = 0.03f;

    // Light, in powers of two, and noise of a phone's sensor in the dark, in levels of 255.
    private const float MaxExposure = 0.5f;
    private const float MaxNoise = 8;

    // Pixels that a face of the middle of an audience has.
    private const int SmallestSide = 48;

    /// <summary>Embeds changed copies.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="picture">The photo; not changed.</param>
    /// <param name="face">The face in it, in pixels of the full-size photo.</param>
    /// <param name="count">How many copies; 0 gives none.</param>
    /// <param name="random">Where chance comes from.</param>
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
        var side = Reach * Math.Max(box.Width, box.Height);
        var scale = side / Side;
        var corner = box.Centre - new Vector2(side / 2);
        var toPicture = Matrix3x2.CreateScale(scale) * Matrix3x2.CreateTranslation(corner);
        var planes = new float[Picture.Bands * Side * Side];
        FaceAlignment.Warp(picture, toPicture, Side, planes);
        var inPart = landmarks.Map(point => (point - corner) / scale);
        var embeddings = new List<FaceEmbedding>(count);
        for (var i = 0; i < count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var changed = Change(planes, random);
            var moved = Move(inPart, random);
            embeddings.Add(engine.Recognition.Embed(changed, new Box(0, 0, Side, Side), moved));
        }

        return embeddings;
    }

    // Turning, scaling and moving the points moves the chip that is cut out by them.
    private static Landmarks Move(Landmarks landmarks, Random random)
    {
        var face = Side / Reach;
        var middle = new Vector2(Side / 2f);
        var move = Matrix3x2.CreateRotation(Within(random, MaxTurn) * MathF.PI / 180, middle)
            * Matrix3x2.CreateScale(1 + Within(random, MaxScale), middle)
            * Matrix3x2.CreateTranslation(Within(random, MaxShift) * face, Within(random, MaxShift) * face);
        return landmarks.Map(point => Vector2.Transform(point, move));
    }

    private static Picture Change(float[] planes, Random random)
    {
        var exposure = MathF.Pow(2, Within(random, MaxExposure));
        var noise = random.NextSingle() * MaxNoise;
        var coarse = random.Next(3) == 0 ? random.Next(SmallestSide, Side) : Side;
        var picture = new Picture(Side, Side, Side, Side);
        for (var y = 0; y < Side; y++)
        {
            for (var x = 0; x < Side; x++)
            {
                for (var channel = 0; channel < Picture.Bands; channel++)
                {
                    // A uniform noise of the same spread serves as well as a normal one, and takes one number.
                    var value = (Sample(planes, channel, x, y, coarse) * exposure) + (Within(random, noise) * MathF.Sqrt(3));
                    picture.Pixels[(((y * Side) + x) * Picture.Bands) + channel] = (byte)Math.Clamp(MathF.Round(value), 0, 255);
                }
            }
        }

        return picture;
    }

    // The pixel as a photo of fewer pixels would have it.
    private static float Sample(float[] planes, int channel, int x, int y, int coarse)
    {
        var (column, row) = coarse == Side ? (x, y) : (x * coarse / Side * Side / coarse, y * coarse / Side * Side / coarse);
        return planes[(((channel * Side) + row) * Side) + column];
    }

    private static float Within(Random random, float range) => ((random.NextSingle() * 2) - 1) * range;
}
