namespace FindMe.ModelBuilder;

/// <summary>Where the repository is, whatever the working directory.</summary>
internal static class Repository
{
    /// <summary>The nearest folder above this assembly that holds <c>FindMe.sln</c>.</summary>
    /// <exception cref="BuildException">The builder runs outside the repository.</exception>
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
