using FindMe.Recognition;

namespace FindMe.Cli;

/// <summary>The files that a command will write, looked at before it begins: nobody wants to hear after an hour that there is no such folder.</summary>
internal static class OutputFiles
{
    /// <summary>Checks that each can be written, as far as can be told before.</summary>
    /// <param name="files">The option that names a file, and the file; null where none was named.</param>
    /// <exception cref="CommandException">One cannot be written.</exception>
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
                throw new CommandException($"{option} names no file.");
            }

            var full = Path.GetFullPath(path);
            if (!options.TryAdd(full, option))
            {
                throw new CommandException($"{options[full]} and {option} name the same file, {path}.");
            }

            // A slip of the shell's completion would replace one of the photos.
            if (PhotoNames.IsPhoto(path))
            {
                throw new CommandException($"{path} is named like a photo, which {option} does not write: name another file.");
            }

            CheckPlace(path);
            CheckFile(path);
        }
    }

    /// <summary>Checks that a file can be made where it is to go.</summary>
    /// <exception cref="CommandException">It cannot.</exception>
    public static void CheckPlace(string path)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path));
        if (folder is null || Directory.Exists(path) || Path.EndsInDirectorySeparator(path))
        {
            throw new CommandException($"{path} is a folder: name the file that goes into it.");
        }

        if (!Directory.Exists(folder))
        {
            throw new CommandException($"There is no folder {folder} for {path}: make it first.");
        }

        var probe = Path.Combine(folder, $".findme-{Guid.NewGuid():n}.probe");
        try
        {
            PrivateFile.Write(probe, []);
            File.Delete(probe);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"The folder {folder} cannot be written to: name another, or ask its owner for permission.");
        }
    }

    // Replaced by a file, a link's target would stay as it is, and /dev/stdout is one.
    private static void CheckFile(string path)
    {
        if (new FileInfo(path).LinkTarget is not null)
        {
            throw new CommandException($"{path} is a link: name the file itself.");
        }
    }
}
