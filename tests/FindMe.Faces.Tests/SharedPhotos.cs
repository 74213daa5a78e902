namespace FindMe.Faces.Tests;

/// <summary>Photos for evaluation that may not be copied into the repository; where they are absent, a test says so and is skipped.</summary>
internal static class SharedPhotos
{
    private static readonly string Root =
        Environment.GetEnvironmentVariable("FINDME_SHARED") is { Length: > 0 } folder
            ? folder
            : Path.GetFullPath(Path.Combine(EngineFixture.Root, "..", "shared"));

    /// <summary>The path of a file or folder; skips the running test where there is none.</summary>
    public static string PathOf(params string[] parts)
    {
        var path = Path.Combine([Root, .. parts]);
        Assert.SkipUnless(
            Path.Exists(path),
            $"The evaluation photos {path} are not here: set FINDME_SHARED to the folder that holds eval, scenario and hostile.");
        return path;
    }

    public static byte[] Read(params string[] parts) => File.ReadAllBytes(PathOf(parts));

    /// <summary>The rows of a CSV file without its header, split at commas; quoted commas split too.</summary>
    public static IEnumerable<string[]> ReadRows(params string[] parts) =>
        File.ReadLines(PathOf(parts)).Skip(1).Select(line => line.Split(','));
}
