namespace FindMe.Faces;

/// <summary>Where the models lie when nobody says.</summary>
internal static class ModelFolder
{
    /// <summary>The folder that is set, or the app's own, or that of the repository the app was built in.</summary>
    public static string Find(string path)
    {
        if (path.Length > 0)
        {
            return Path.GetFullPath(path);
        }

        var beside = Path.Combine(AppContext.BaseDirectory, "models");
        if (Directory.Exists(beside))
        {
            return beside;
        }

        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "FindMe.sln")))
            {
                return Path.Combine(folder.FullName, "artifacts", "models");
            }
        }

        return beside;
    }
}
