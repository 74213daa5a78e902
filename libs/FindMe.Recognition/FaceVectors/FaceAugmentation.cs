using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>Other photos that might have been taken of a face: mirrored, turned, cut otherwise, lighter, darker, noisy, or saved badly.</summary>
/// <remarks>The same photo, face and seed give the same pictures on every machine: the draws are our own, not the runtime's.</remarks>
public static class FaceAugmentation
{
    // Of each kind, and of each for the face and its mirror image: 5 kinds × 2 × 2 = 20 pictures and the mirror image itself.
    private const int OfEachKind = 2;

    // Side of what is shown around the face, in sides of the face's box: hair, ears and chin, as detectors are used to.
    private const float Surroundings = 2.2f;

    // The engine's chips show a face in 112 pixels, and more than that is of no use to it.
    private const int MaxSide = 256;
    private const int MinSide = 128;

    /// <summary>Makes the pictures of a face.</summary>
    /// <param name="photo">The photo.</param>
    /// <param name="face">The face's box, in pixels of <paramref name="photo"/>.</param>
    /// <param name="quarterTurns">Quarter turns, clockwise, by which the face lies away from upright; the pictures show it upright.</param>
    /// <param name="seed">Another seed gives other draws.</param>
    /// <returns>21 square pictures, each with the face near its middle: the mirror image, then 10 of the face and 10 of its mirror image.</returns>
    public static IEnumerable<PhotoPixels> Of(PhotoPixels photo, Box face, int quarterTurns, int seed)
    {
        ArgumentNullException.ThrowIfNull(photo);
        var draws = new Draws((ulong)seed);
        var turn = quarterTurns * 90;
        yield return Look(photo, face, new View(Mirror: true, turn), draws);
        foreach (var mirror in (bool[])[false, true])
        {
            var plain = new View(mirror, turn);
            for (var i = 0; i < OfEachKind; i++)
            {
                // In turn to the left and to the right, lighter and darker, so that two draws are never alike.
                var sign = i % 2 == 0 ? 1 : -1;
                yield return Look(photo, face, plain with { Degrees = turn + (sign * draws.Between(3, 12)) }, draws);
                yield return Look(photo, face, plain with { Zoom = i % 2 == 0 ? draws.Between(0.8f, 0.95f) : draws.Between(1.05f, 1.2f), ShiftX = draws.Between(-0.1f, 0.1f), ShiftY = draws.Between(-0.1f, 0.1f) }, draws);
                yield return Look(photo, face, plain with { Gamma = i % 2 == 0 ? draws.Between(0.55f, 0.8f) : draws.Between(1.25f, 1.8f) }, draws);
                yield return Look(photo, face, plain with { Noise = draws.Between(4, 14) }, draws);
                var saved = Look(photo, face, plain, draws).ToJpeg((int)draws.Between(20, 50));
                yield return PhotoPixels.Decode(saved);
            }
        }
    }

    private static PhotoPixels Look(PhotoPixels photo, Box face, View view, Draws draws)
    {
        var size = Math.Max(face.Width, face.Height);
        var shown = size * Surroundings / view.Zoom;
        var side = Math.Clamp((int)MathF.Round(shown), MinSide, MaxSide);
        var scale = shown / side;
        var samples = Math.Clamp((int)MathF.Ceiling(scale), 1, 8);
        var (sin, cos) = MathF.SinCos(view.Degrees * MathF.PI / 180);
        var (centreX, centreY) = (face.X + (face.Width / 2) + (view.ShiftX * size), face.Y + (face.Height / 2) + (view.ShiftY * size));
        var rgb = new byte[side * side * 3];
        Span<float> pixel = stackalloc float[3];
        for (var y = 0; y < side; y++)
        {
            for (var x = 0; x < side; x++)
            {
                pixel.Clear();
                for (var sample = 0; sample < samples * samples; sample++)
                {
                    var u = (x + (((sample % samples) + 0.5f) / samples) - (side / 2f)) * scale * (view.Mirror ? -1 : 1);
                    var v = (y + (((sample / samples) + 0.5f) / samples) - (side / 2f)) * scale;
                    AddSample(photo, centreX + (cos * u) - (sin * v) - 0.5f, centreY + (sin * u) + (cos * v) - 0.5f, pixel);
                }

                for (var band = 0; band < 3; band++)
                {
                    var value = pixel[band] / (samples * samples);
                    value = view.Gamma == 1 ? value : 255 * MathF.Pow(value / 255, view.Gamma);
                    value += view.Noise == 0 ? 0 : view.Noise * draws.Normal();
                    rgb[(((y * side) + x) * 3) + band] = (byte)Math.Clamp(MathF.Round(value), 0, 255);
                }
            }
        }

        return new PhotoPixels(side, side, rgb);
    }

    // Bilinear; beyond the photo's edge its last pixels go on.
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

    /// <summary>How a face is looked at.</summary>
    /// <param name="Mirror">Left and right exchanged.</param>
    /// <param name="Degrees">Turned by so much, clockwise.</param>
    /// <param name="Zoom">Larger than as it is by this factor.</param>
    /// <param name="ShiftX">The window's middle is right of the face's by so many sides of its box.</param>
    /// <param name="ShiftY">The same, down.</param>
    /// <param name="Gamma">Exponent of brightness: below 1 lighter, above 1 darker.</param>
    /// <param name="Noise">Standard deviation of normal noise, in levels of 255.</param>
    private sealed record View(bool Mirror, float Degrees, float Zoom = 1, float ShiftX = 0, float ShiftY = 0, float Gamma = 1, float Noise = 0);

    /// <summary>SplitMix64 (Steele, Lea and Flood, 2014): a few lines that give the same numbers for ever.</summary>
    private sealed class Draws(ulong state)
    {
        public float Between(float low, float high) => low + ((high - low) * (float)Next());

        /// <summary>A normal draw of mean 0 and deviation 1: Box and Muller's.</summary>
        public float Normal() => (float)(Math.Sqrt(-2 * Math.Log(1 - Next())) * Math.Cos(2 * Math.PI * Next()));

        // 53 random bits: 0 to just below 1.
        private double Next()
        {
            state += 0x9e3779b97f4a7c15;
            var mixed = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
            mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
            return ((mixed ^ (mixed >> 31)) >> 11) * (1.0 / (1UL << 53));
        }
    }
}
