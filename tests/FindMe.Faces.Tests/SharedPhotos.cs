namespace FindMe.Faces.Tests;

/// <summary>Evaluation photos that must not be copied into the repository. Tests are skipped where they are absent.</summary>
internal static class SharedPhotos
{
    public static byte[] Read(params string[] parts) => File.ReadAllBytes(Checkouts.Shared(parts));

    /// <summary>Reads the rows of a CSV file without its header. Splits at every comma, even in quotes.</summary>
    public static IEnumerable<string[]> ReadRows(params string[] parts) =>
        File.ReadLines(Checkouts.Shared(parts)).Skip(1).Select(line => line.Split(','));
}
