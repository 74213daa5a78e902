namespace FindMe.Faces;

/// <summary>Locates the folder of models.</summary>
internal static class ModelFolder
{
    /// <summary>Returns the configured folder, else <c>models</c> beside the app, else <c>artifacts/models</c> of the enclosing repository.</summary>
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
