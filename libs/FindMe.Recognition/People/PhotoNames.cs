namespace FindMe.Recognition;

/// <summary>What people call photos: a file of such a name that is no picture is worth a word, a text or a film beside it is not.</summary>
public static class PhotoNames
{
    private static readonly HashSet<string> Endings = new(
        [".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif", ".tif", ".tiff", ".heic", ".heif", ".bmp", ".jxl", ".jp2"], StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a file is called like a photo.</summary>
    /// <param name="path">The file.</param>
    public static bool IsPhoto(string path) => Endings.Contains(Path.GetExtension(path));
}
