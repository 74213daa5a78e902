namespace FindMe.ModelBuilder;

/// <summary>Finds the repository, independent of the working directory.</summary>
internal static class Repository
{
    /// <summary>Returns the nearest folder above this assembly with <c>FindMe.sln</c>.</summary>
    /// <exception cref="BuildException">The builder is not inside a repository.</exception>
    public static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "FindMe.sln")))
            {
                return folder.FullName;
            }
        }

        throw new BuildException($"no folder above {AppContext.BaseDirectory} holds FindMe.sln: run the builder inside the repository");
    }
}
