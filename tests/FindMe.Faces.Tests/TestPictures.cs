using NetVips;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.PixelFormats;
using SixLabors.ImageSharp.Processing;
using Bitmap = SixLabors.ImageSharp.Image;

namespace FindMe.Faces.Tests;

/// <summary>Generates pictures with ImageSharp, a different library than the engine's.</summary>
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

    /// <summary>Edits a photo and encodes it as a JPEG.</summary>
    /// <param name="photo">The photo.</param>
    /// <param name="edit">The edit.</param>
    /// <param name="quality">JPEG quality, 1 to 100.</param>
    public static byte[] Edit(byte[] photo, Action<IImageProcessingContext> edit, int quality = 75)
    {
        using var picture = Bitmap.Load<Rgb24>(photo);
        picture.Mutate(edit);
        using var jpeg = new MemoryStream();
        picture.Save(jpeg, new JpegEncoder { Quality = quality });
        return jpeg.ToArray();
    }

    /// <summary>Re-encodes a photo as a JPEG of a quality from 1 to 100.</summary>
    public static byte[] Reencode(byte[] photo, int quality) => Edit(photo, _ => { }, quality);

    /// <summary>Halves width and height.</summary>
    public static void Halve(this IImageProcessingContext picture)
    {
        var (width, height) = picture.GetCurrentSize();
        picture.Resize(width / 2, height / 2);
    }

    /// <summary>Raises each channel, as 0 to 1, to a power: above 1 darkens, below 1 brightens.</summary>
    public static void Darken(this IImageProcessingContext picture, float exponent) => picture.ProcessPixelRowsAsVector4(row =>
    {
        foreach (ref var pixel in row)
        {
            pixel = new System.Numerics.Vector4(MathF.Pow(pixel.X, exponent), MathF.Pow(pixel.Y, exponent), MathF.Pow(pixel.Z, exponent), pixel.W);
        }
    });

    /// <summary>Re-encodes a photo as a progressive JPEG with libvips, because ImageSharp 2 cannot write one.</summary>
    public static byte[] Progressive(byte[] photo)
    {
        PhotoDecoding.Prepare();
        using var source = Image.JpegloadBuffer(photo);
        return source.JpegsaveBuffer(interlace: true);
    }
}
