namespace FindMe.Faces.Tests;

/// <summary>Photos for evaluation that may not be copied into the repository; where they are absent, a test says so and is skipped.</summary>
internal static class SharedPhotos
{
    public static byte[] Read(params string[] parts) => File.ReadAllBytes(Checkouts.Shared(parts));

    /// <summary>The rows of a CSV file without its header, split at commas; quoted commas split too.</summary>
    public static IEnumerable<string[]> ReadRows(params string[] parts) =>
        File.ReadLines(Checkouts.Shared(parts)).Skip(1).Select(line => line.Split(','));
}
