namespace FindMe.Faces;

/// <summary>Converts photos for display on a page.</summary>
public static class PhotoRendering
{
    /// <summary>Returns the file extension for a photo, such as <c>.jpg</c>, by its magic bytes.</summary>
    /// <param name="photo">The encoded photo.</param>
    /// <exception cref="PhotoException">The format is not supported.</exception>
    public static string ExtensionOf(ReadOnlySpan<byte> photo) => PhotoFormats.Recognize(photo) switch
    {
        PhotoFormat.Jpeg => ".jpg",
        PhotoFormat.Png => ".png",
        PhotoFormat.WebP => ".webp",
        PhotoFormat.Gif => ".gif",
        PhotoFormat.Avif => ".avif",
        _ => ".tif",
    };

    /// <summary>Re-encodes a photo as an upright sRGB JPEG without metadata such as its location.</summary>
    /// <param name="photo">The encoded photo: JPEG, PNG, WebP, GIF (first frame), AVIF or TIFF.</param>
    /// <param name="maxSide">Longest side of the result, in pixels, 1 to 4,096; a smaller photo keeps its size.</param>
    /// <param name="options">Limits on <paramref name="photo"/>; null for the defaults.</param>
    /// <returns>A JPEG file.</returns>
    /// <exception cref="PhotoException">The photo cannot be read.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxSide"/> is out of range.</exception>
    public static byte[] ToJpeg(ReadOnlyMemory<byte> photo, int maxSide, FaceEngineOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxSide, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxSide, 4_096);
        return PhotoDecoding.ToJpeg(photo, maxSide, options ?? new FaceEngineOptions());
    }
}
