namespace FindMe.Testing;

/// <summary>Finds the programs that tests start, and pictures outside the repository.</summary>
internal static class Checkouts
{
    public static string Root { get; } = FindRoot();

    public static string Models => Path.Combine(Root, "artifacts", "models");

    /// <summary>The six demo photos of groups, which come with the models.</summary>
    public static IReadOnlyList<string> DemoPhotos { get; } =
        [.. Directory.GetFiles(Path.Combine(Models, "demo"), "sample*.jpg").Order(StringComparer.Ordinal)];

    public static string ProgramOf(string project, string? program = null) => Path.Combine(Root, "artifacts", "bin", project, "release", (program ?? project) + ".dll");

    /// <summary>Returns a file or folder of the evaluation pictures beside the checkout; skips the test when it does not exist.</summary>
    public static string Shared(params string[] parts)
    {
        var shared = Environment.GetEnvironmentVariable("FINDME_SHARED") is { Length: > 0 } folder ? folder : Path.Combine(Root, "..", "shared");
        var path = Path.GetFullPath(Path.Combine([shared, .. parts]));
        Assert.SkipUnless(Path.Exists(path), $"needs the evaluation pictures in {path} (FINDME_SHARED says where they are)");
        return path;
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "FindMe.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("The tests must run from a checkout of FindMe.");
        }

        return folder.FullName;
    }
}
