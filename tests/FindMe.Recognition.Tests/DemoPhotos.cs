using FindMe.Faces;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.PixelFormats;
using SixLabors.ImageSharp.Processing;

namespace FindMe.Recognition.Tests;

/// <summary>The demo photos that come with the models, and parts of them.</summary>
internal static class DemoPhotos
{
    public static string PathOf(string photo) => Path.Combine(Checkouts.Models, "demo", photo);

    public static byte[] Read(string photo) => File.ReadAllBytes(PathOf(photo));

    /// <summary>What a build of this configuration has put beside this project.</summary>
    public static string AppPath(string project, string assembly) =>
        Path.Combine(AppContext.BaseDirectory, "..", "..", project, Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)), $"{assembly}.dll");

    /// <summary>A part of a photo around a face, as a JPEG.</summary>
    /// <param name="photo">The photo.</param>
    /// <param name="face">The face's box.</param>
    /// <param name="margin">Room on each side, in heights of the face.</param>
    /// <param name="shift">How far the part is moved to the right and down, in heights of the face.</param>
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
