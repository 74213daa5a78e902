using FindMe.Recognition;

namespace FindMe.Cli;

/// <summary>The files that a command will write, looked at before it begins: nobody wants to hear after an hour that there is no such folder.</summary>
internal static class OutputFiles
{
    /// <summary>Checks that each can be written, as far as can be told before.</summary>
    /// <param name="files">The option that names a file, and the file; null where none was named.</param>
    /// <param name="force">Whether files that are there may be replaced.</param>
    /// <exception cref="CommandException">One cannot be written.</exception>
    public static void Check(IEnumerable<(string Option, string? Path)> files, bool force)
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

            CheckPlace(path, Path.GetDirectoryName(full));
            CheckFile(path, force);
        }
    }

    private static void CheckPlace(string path, string? folder)
    {
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
            PrivateFile.Write(probe, [], overwrite: false);
            File.Delete(probe);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"The folder {folder} cannot be written to: name another, or ask its owner for permission.");
        }
    }

    private static void CheckFile(string path, bool force)
    {
        var file = new FileInfo(path);
        if (file is { Exists: false, LinkTarget: null })
        {
            return;
        }

        if (!force)
        {
            throw new CommandException($"{path} is there already: name another file, or replace it with --force.");
        }

        // A device and a pipe look empty too, and /dev/stdout is a link: none of them must be replaced by a file.
        if (file is not { LinkTarget: null, Length: > 0 })
        {
            throw new CommandException($"{path} is a link, empty or no file: remove it, or name another.");
        }
    }
}
