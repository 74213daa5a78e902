using FindMe.Faces;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Processing;

namespace FindMe.Testing;

/// <summary>Pictures of an album with many strangers, some of whom look like the second face from the left on the fourth demo photo.</summary>
/// <remarks>
/// Distances from that face: <c>own.jpg</c> 0.24; the stranger in the centre of the sixth photo 1.087, mirrored 1.097; people of the first photo 1.17
/// to 1.19, in five different pictures; everybody else more than 1.25.
/// </remarks>
internal static class AlikeAlbum
{
    // The engine's finest pass, most of its time, is for photos from 700 pixels.
    private const int Side = 690;

    // Five strangers each; with the others 106 in all.
    private const int Crowds = 16;

    /// <summary>The person's photo, and the face on it.</summary>
    public static (string Photo, int Face) Person => (Checkouts.DemoPhotos[3], 1);

    /// <summary>All pictures, those with near faces first.</summary>
    /// <param name="alike">Whether the people of the first photo are in five different pictures, or five times in the same.</param>
    public static (string Name, byte[] Bytes)[] Photos(bool alike)
    {
        var crowd = Changed(5, _ => { });
        return
        [
            ("own.jpg", Changed(4, _ => { })),
            ("nearest.jpg", Changed(6, _ => { })),
            ("near.jpg", Changed(6, Mirror)),
            ("first1.jpg", Changed(1, _ => { })),
            ("first2.jpg", Changed(1, alike ? Mirror : _ => { })),
            ("first3.jpg", Changed(1, alike ? WithoutLeft : _ => { })),
            ("first4.jpg", Changed(1, alike ? WithoutTop : _ => { })),
            ("first5.jpg", Changed(1, alike ? MirroredWithoutLeft : _ => { })),
            .. Enumerable.Range(1, Crowds).Select(number => ($"crowd{number:00}.jpg", crowd)),
        ];
    }

    private static byte[] Changed(int photo, Action<Image> change)
    {
        using var picture = Image.Load(PhotoRendering.ToJpeg(File.ReadAllBytes(Checkouts.DemoPhotos[photo - 1]), Side));
        change(picture);
        using var jpeg = new MemoryStream();
        picture.SaveAsJpeg(jpeg);
        return jpeg.ToArray();
    }

    private static void Mirror(Image picture) => picture.Mutate(step => step.Flip(FlipMode.Horizontal));

    private static void MirroredWithoutLeft(Image picture)
    {
        Mirror(picture);
        WithoutLeft(picture);
    }

    private static void WithoutLeft(Image picture) =>
        picture.Mutate(step => step.Crop(new Rectangle(picture.Width / 6, 0, picture.Width * 5 / 6, picture.Height)));

    private static void WithoutTop(Image picture) =>
        picture.Mutate(step => step.Crop(new Rectangle(0, picture.Height / 8, picture.Width, picture.Height * 7 / 8)));
}
