namespace FindMe.ModelBuilder;

/// <summary>The user's folder for downloaded packages, shared by all checkouts.</summary>
internal static class CacheFolder
{
    /// <summary>
    /// Returns the environment variable <c>FINDME_CACHE</c>. If it is not set: on Windows <c>FindMe\cache</c> in the local application data,
    /// elsewhere <c>findme</c> in <c>XDG_CACHE_HOME</c> or <c>~/.cache</c>.
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

        // The XDG base directory specification requires absolute paths.
        var caches = environment("XDG_CACHE_HOME") is { } set && Path.IsPathRooted(set)
            ? set
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        return Path.Combine(caches, "findme");
    }
}
