using FindMe.Recognition;

namespace FindMe.Cli;

/// <summary>Checks the output files of a command before it starts, so that a wrong path fails at once and not after an hour of work.</summary>
internal static class OutputFiles
{
    /// <summary>Checks that each file can be written, as far as this can be known in advance.</summary>
    /// <param name="files">The option and its file; null if the option is not given.</param>
    /// <exception cref="CommandException">A file cannot be written.</exception>
    public static void Check(IEnumerable<(string Option, string? Path)> files)
    {
        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (option, path) in files)
        {
            if (path is null)
            {
                continue;
            }

            if (path.Length == 0)
            {
                throw new CommandException($"{option} must name a file.");
            }

            var full = Path.GetFullPath(path);
            if (!options.TryAdd(full, option))
            {
                throw new CommandException($"{options[full]} and {option} name the same file, {path}.");
            }

            // Wrong shell completion would replace one of the photos.
            if (PhotoNames.IsPhoto(path))
            {
                throw new CommandException($"{path} has the name of a photo, but {option} does not write photos: name another file.");
            }

            CheckPlace(path);
            CheckFile(path);
        }
    }

    /// <summary>Checks that a file can be created at the path.</summary>
    /// <exception cref="CommandException">It cannot be created.</exception>
    public static void CheckPlace(string path)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path));
        if (folder is null || Directory.Exists(path) || Path.EndsInDirectorySeparator(path))
        {
            throw new CommandException($"{path} is a folder: name a file in it.");
        }

        if (!Directory.Exists(folder))
        {
            throw new CommandException($"The folder {folder} for {path} does not exist: create it first.");
        }

        var probe = Path.Combine(folder, $".findme-{Guid.NewGuid():n}.probe");
        try
        {
            PrivateFile.Write(probe, []);
            File.Delete(probe);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"The folder {folder} is not writable: name another, or ask its owner for permission.");
        }
    }

    // Writing would replace the link and leave its target unchanged. /dev/stdout is a link, too.
    private static void CheckFile(string path)
    {
        if (new FileInfo(path).LinkTarget is not null)
        {
            throw new CommandException($"{path} is a symbolic link: name the file itself.");
        }
    }
}
