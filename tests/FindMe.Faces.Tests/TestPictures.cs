using NetVips;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.PixelFormats;
using SixLabors.ImageSharp.Processing;
using Bitmap = SixLabors.ImageSharp.Image;

namespace FindMe.Faces.Tests;

/// <summary>Pictures made on the spot, by another library than the engine's.</summary>
internal static class TestPictures
{
    /// <summary>A black PNG.</summary>
    public static byte[] Png(int width, int height)
    {
        using var picture = new SixLabors.ImageSharp.Image<L8>(width, height);
        using var png = new MemoryStream();
        SixLabors.ImageSharp.ImageExtensions.SaveAsPng(picture, png);
        return png.ToArray();
    }

    /// <summary>A photo after an edit, as a JPEG.</summary>
    /// <param name="photo">The photo.</param>
    /// <param name="edit">What is done to it.</param>
    /// <param name="quality">The JPEG's, 1 to 100.</param>
    public static byte[] Edit(byte[] photo, Action<IImageProcessingContext> edit, int quality = 75)
    {
        using var picture = Bitmap.Load<Rgb24>(photo);
        picture.Mutate(edit);
        using var jpeg = new MemoryStream();
        picture.Save(jpeg, new JpegEncoder { Quality = quality });
        return jpeg.ToArray();
    }

    /// <summary>The photo saved again as a JPEG of another quality, 1 to 100.</summary>
    public static byte[] Reencode(byte[] photo, int quality) => Edit(photo, _ => { }, quality);

    /// <summary>Makes it half as wide and high.</summary>
    public static void Halve(this IImageProcessingContext picture)
    {
        var (width, height) = picture.GetCurrentSize();
        picture.Resize(width / 2, height / 2);
    }

    /// <summary>Raises each colour to a power, 0 to 1 being black to full: above 1 it gets darker.</summary>
    public static void Darken(this IImageProcessingContext picture, float exponent) => picture.ProcessPixelRowsAsVector4(row =>
    {
        foreach (ref var pixel in row)
        {
            pixel = new System.Numerics.Vector4(MathF.Pow(pixel.X, exponent), MathF.Pow(pixel.Y, exponent), MathF.Pow(pixel.Z, exponent), pixel.W);
        }
    });

    /// <summary>The photo as a progressive JPEG, which ImageSharp 2 does not write.</summary>
    public static byte[] Progressive(byte[] photo)
    {
        PhotoDecoding.Prepare();
        using var source = Image.JpegloadBuffer(photo);
        return source.JpegsaveBuffer(interlace: true);
    }
}
