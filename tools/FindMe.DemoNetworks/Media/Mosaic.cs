using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats.Png;
using SixLabors.ImageSharp.PixelFormats;

namespace FindMe.DemoNetworks.Media;

/// <summary>Pictures of 8×8 coloured squares, a different one for each number and without faces.</summary>
internal static class Mosaic
{
    /// <summary>Width and height in pixels: above FindMe's minimum, and fast to create.</summary>
    public const int Side = 96;

    private const int Squares = 8;

    private static readonly PngEncoder Encoder = new() { ColorType = PngColorType.Rgb, CompressionLevel = PngCompressionLevel.BestSpeed };

    public static byte[] Png(int number)
    {
        // Seeded with the number, so that repeated searches find the same picture.
        var random = new Random(number);
        var colours = new byte[Squares * Squares * 3];
        random.NextBytes(colours);
        using var image = new Image<Rgb24>(Side, Side);
        for (var y = 0; y < Side; y++)
        {
            for (var x = 0; x < Side; x++)
            {
                var colour = ((y * Squares / Side * Squares) + (x * Squares / Side)) * 3;
                image[x, y] = new Rgb24(colours[colour], colours[colour + 1], colours[colour + 2]);
            }
        }

        using var png = new MemoryStream();
        image.Save(png, Encoder);
        return png.ToArray();
    }
}
