using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>Makes variations of a face photo: mirrored, rotated, cropped differently, lighter, darker, noisy, or strongly compressed.</summary>
/// <remarks>Deterministic on every machine for a photo, face and seed, because it does not use the runtime's random numbers.</remarks>
public static class FaceAugmentation
{
    // 5 kinds × 2 variations × (face and mirror image) = 20 pictures, plus the plain mirror image.
    private const int VariationsPerKind = 2;

    // Side of the crop, in sides of the face's box. Includes hair, ears and chin, as detectors expect.
    private const float Surroundings = 2.2f;

    // Side of a variation, in pixels. The engine's chips show a face in 112 pixels, so larger crops bring no benefit.
    private const int MaxSide = 256;
    private const int MinSide = 128;

    /// <summary>Makes the variations of a face.</summary>
    /// <param name="photo">The photo.</param>
    /// <param name="face">The face's box, in pixels of <paramref name="photo"/>.</param>
    /// <param name="quarterTurns">Clockwise rotation of the face from upright, in quarter turns. The variations are upright.</param>
    /// <param name="seed">Seed of the random numbers.</param>
    /// <returns>21 square pictures with the face near the centre: the mirror image, then 10 of the face and 10 of its mirror image.</returns>
    public static IEnumerable<PhotoPixels> Of(PhotoPixels photo, Box face, int quarterTurns, int seed)
    {
        ArgumentNullException.ThrowIfNull(photo);
        var random = new RandomNumbers((ulong)seed);
        var turn = quarterTurns * 90;
        yield return Render(photo, face, new Variation(Mirror: true, turn), random);
        foreach (var mirror in (bool[])[false, true])
        {
            var plain = new Variation(mirror, turn);
            for (var i = 0; i < VariationsPerKind; i++)
            {
                // Alternate left and right, lighter and darker, so that two variations of a kind always differ.
                var sign = i % 2 == 0 ? 1 : -1;
                yield return Render(photo, face, plain with { Degrees = turn + (sign * random.Between(3, 12)) }, random);
                yield return Render(photo, face, plain with { Zoom = i % 2 == 0 ? random.Between(0.8f, 0.95f) : random.Between(1.05f, 1.2f), ShiftX = random.Between(-0.1f, 0.1f), ShiftY = random.Between(-0.1f, 0.1f) }, random);
                yield return Render(photo, face, plain with { Gamma = i % 2 == 0 ? random.Between(0.55f, 0.8f) : random.Between(1.25f, 1.8f) }, random);
                yield return Render(photo, face, plain with { Noise = random.Between(4, 14) }, random);
                var saved = Render(photo, face, plain, random).ToJpeg((int)random.Between(20, 50));
                yield return PhotoPixels.Decode(saved);
            }
        }
    }

    private static PhotoPixels Render(PhotoPixels photo, Box face, Variation variation, RandomNumbers random)
    {
        var size = Math.Max(face.Width, face.Height);
        var shown = size * Surroundings / variation.Zoom;
        var side = Math.Clamp((int)MathF.Round(shown), MinSide, MaxSide);
        var scale = shown / side;
        var samples = Math.Clamp((int)MathF.Ceiling(scale), 1, 8);
        var (sin, cos) = MathF.SinCos(variation.Degrees * MathF.PI / 180);
        var (centreX, centreY) = (face.X + (face.Width / 2) + (variation.ShiftX * size), face.Y + (face.Height / 2) + (variation.ShiftY * size));
        var rgb = new byte[side * side * 3];
        Span<float> pixel = stackalloc float[3];
        for (var y = 0; y < side; y++)
        {
            for (var x = 0; x < side; x++)
            {
                pixel.Clear();
                for (var sample = 0; sample < samples * samples; sample++)
                {
                    var u = (x + (((sample % samples) + 0.5f) / samples) - (side / 2f)) * scale * (variation.Mirror ? -1 : 1);
                    var v = (y + (((sample / samples) + 0.5f) / samples) - (side / 2f)) * scale;
                    AddSample(photo, centreX + (cos * u) - (sin * v) - 0.5f, centreY + (sin * u) + (cos * v) - 0.5f, pixel);
                }

                for (var band = 0; band < 3; band++)
                {
                    var value = pixel[band] / (samples * samples);
                    value = variation.Gamma == 1 ? value : 255 * MathF.Pow(value / 255, variation.Gamma);
                    value += variation.Noise == 0 ? 0 : variation.Noise * random.Normal();
                    rgb[(((y * side) + x) * 3) + band] = (byte)Math.Clamp(MathF.Round(value), 0, 255);
                }
            }
        }

        return new PhotoPixels(side, side, rgb);
    }

    // Bilinear interpolation; repeats the edge pixels outside the photo.
    private static void AddSample(PhotoPixels photo, float x, float y, Span<float> pixel)
    {
        x = Math.Clamp(x, 0, photo.Width - 1);
        y = Math.Clamp(y, 0, photo.Height - 1);
        var (left, top) = ((int)x, (int)y);
        var (right, bottom) = (Math.Min(left + 1, photo.Width - 1), Math.Min(top + 1, photo.Height - 1));
        var (alongX, alongY) = (x - left, y - top);
        ReadOnlySpan<byte> rgb = photo.Rgb;
        for (var band = 0; band < 3; band++)
        {
            var upper = At(rgb, left, top, band) + ((At(rgb, right, top, band) - At(rgb, left, top, band)) * alongX);
            var lower = At(rgb, left, bottom, band) + ((At(rgb, right, bottom, band) - At(rgb, left, bottom, band)) * alongX);
            pixel[band] += upper + ((lower - upper) * alongY);
        }

        float At(ReadOnlySpan<byte> bytes, int column, int row, int band) => bytes[(((row * photo.Width) + column) * 3) + band];
    }

    /// <summary>Parameters of one variation.</summary>
    /// <param name="Mirror">Whether to mirror horizontally.</param>
    /// <param name="Degrees">Clockwise rotation in degrees.</param>
    /// <param name="Zoom">Enlargement factor.</param>
    /// <param name="ShiftX">Offset of the crop's centre to the right, in sides of the face's box.</param>
    /// <param name="ShiftY">Offset of the crop's centre downwards, in sides of the face's box.</param>
    /// <param name="Gamma">Exponent of brightness: below 1 lighter, above 1 darker.</param>
    /// <param name="Noise">Standard deviation of Gaussian noise, in levels of 0 to 255.</param>
    private sealed record Variation(bool Mirror, float Degrees, float Zoom = 1, float ShiftX = 0, float ShiftY = 0, float Gamma = 1, float Noise = 0);

    /// <summary>SplitMix64 (Steele, Lea and Flood, 2014): short, and its sequence never changes with the runtime.</summary>
    private sealed class RandomNumbers(ulong state)
    {
        public float Between(float low, float high) => low + ((high - low) * (float)Next());

        /// <summary>Returns a normally distributed number of mean 0 and deviation 1 (Box–Muller).</summary>
        public float Normal() => (float)(Math.Sqrt(-2 * Math.Log(1 - Next())) * Math.Cos(2 * Math.PI * Next()));

        // 0 (inclusive) to 1 (exclusive), from 53 random bits.
        private double Next()
        {
            state += 0x9e3779b97f4a7c15;
            var mixed = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
            mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
            return ((mixed ^ (mixed >> 31)) >> 11) * (1.0 / (1UL << 53));
        }
    }
}
