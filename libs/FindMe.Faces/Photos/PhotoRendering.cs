namespace FindMe.Faces;

/// <summary>Makes a photo fit to be shown in a page.</summary>
public static class PhotoRendering
{
    /// <summary>The usual extension of a photo's file, by its first bytes.</summary>
    /// <param name="photo">The encoded photo.</param>
    /// <returns>Such as <c>.jpg</c>.</returns>
    /// <exception cref="PhotoException">It is not a picture that can be read here.</exception>
    public static string ExtensionOf(ReadOnlySpan<byte> photo) => PhotoFormats.Recognize(photo) switch
    {
        PhotoFormat.Jpeg => ".jpg",
        PhotoFormat.Png => ".png",
        PhotoFormat.WebP => ".webp",
        PhotoFormat.Gif => ".gif",
        PhotoFormat.Avif => ".avif",
        _ => ".tif",
    };

    /// <summary>Decodes a photo and encodes it again: upright, in sRGB, without metadata such as the place it was taken at.</summary>
    /// <param name="photo">The encoded photo: JPEG, PNG, WebP, GIF (its first frame), AVIF or TIFF.</param>
    /// <param name="maxSide">Longest side of the result, in pixels, 1 to 4,096; a smaller photo keeps its size.</param>
    /// <param name="options">The limits on <paramref name="photo"/>; the defaults where null.</param>
    /// <returns>A JPEG file.</returns>
    /// <exception cref="PhotoException">The photo cannot be read; the message says why.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxSide"/> is out of its range.</exception>
    public static byte[] ToJpeg(ReadOnlyMemory<byte> photo, int maxSide, FaceEngineOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxSide, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxSide, 4_096);
        return PhotoDecoding.ToJpeg(photo, maxSide, options ?? new FaceEngineOptions());
    }
}
