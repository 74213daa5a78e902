namespace FindMe.ModelBuilder;

/// <summary>Where downloaded packages are kept for all checkouts of a user.</summary>
internal static class CacheFolder
{
    /// <summary>
    /// The environment variable <c>FINDME_CACHE</c>; otherwise <c>FindMe\cache</c> in the local application data on Windows, and elsewhere
    /// <c>findme</c> in <c>XDG_CACHE_HOME</c> or in <c>~/.cache</c>.
    /// </summary>
    /// <param name="environment">Reads an environment variable.</param>
    public static string Find(Func<string, string?> environment)
    {
        if (environment("FINDME_CACHE") is { Length: > 0 } folder)
        {
            return Path.GetFullPath(folder);
        }

        if (OperatingSystem.IsWindows())
        {
            return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "FindMe", "cache");
        }

        // The XDG base directory specification ignores relative paths.
        var caches = environment("XDG_CACHE_HOME") is { } set && Path.IsPathRooted(set)
            ? set
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        return Path.Combine(caches, "findme");
    }
}
