namespace FindMe.Recognition;

/// <summary>Recognizes photos by their file extension, including formats that cannot be read, so that we can report them. Other files are ignored.</summary>
public static class PhotoNames
{
    private static readonly HashSet<string> Extensions = new(
        [".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif", ".tif", ".tiff", ".heic", ".heif", ".bmp", ".jxl", ".jp2"], StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a file has a photo's extension.</summary>
    /// <param name="path">The file.</param>
    public static bool IsPhoto(string path) => Extensions.Contains(Path.GetExtension(path));
}
