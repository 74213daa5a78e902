using FindMe.Faces;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.PixelFormats;
using SixLabors.ImageSharp.Processing;

namespace FindMe.Recognition.Tests;

/// <summary>Reads and crops the demo photos that come with the models.</summary>
internal static class DemoPhotos
{
    public static string PathOf(string photo) => Path.Combine(Checkouts.Models, "demo", photo);

    public static byte[] Read(string photo) => File.ReadAllBytes(PathOf(photo));

    /// <summary>Path of an app's assembly, built in the same configuration as these tests.</summary>
    public static string AppPath(string project, string assembly) =>
        Path.Combine(AppContext.BaseDirectory, "..", "..", project, Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)), $"{assembly}.dll");

    /// <summary>Crops a photo around a face, and encodes it as a JPEG.</summary>
    /// <param name="photo">The photo.</param>
    /// <param name="face">The face's box.</param>
    /// <param name="margin">Margin on each side, in heights of the face.</param>
    /// <param name="shift">Shift of the crop to the right and down, in heights of the face.</param>
    public static byte[] Crop(byte[] photo, Box face, float margin, float shift)
    {
        using var picture = Image.Load<Rgb24>(photo);
        var room = margin * face.Height;
        var left = Math.Clamp((int)(face.X - room + (shift * face.Height)), 0, picture.Width - 2);
        var top = Math.Clamp((int)(face.Y - room + (shift * face.Height)), 0, picture.Height - 2);
        var side = (int)(face.Height + (2 * room));
        picture.Mutate(whole => whole.Crop(new Rectangle(left, top, Math.Min(side, picture.Width - left), Math.Min(side, picture.Height - top))));
        using var jpeg = new MemoryStream();
        picture.SaveAsJpeg(jpeg, new JpegEncoder { Quality = 90 });
        return jpeg.ToArray();
    }
}
