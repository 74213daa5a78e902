using FindMe.Faces;
using FindMe.Recognition;

namespace FindMe.Cli;

/// <summary>The photos among the files of a folder, and their bytes.</summary>
internal static class PhotoFiles
{
    /// <summary>The path that stands for standard input.</summary>
    public const string StandardInput = "-";

    /// <summary>Every file below a folder, in ordinal order. Links in it are not followed, and names that begin with a dot are left out.</summary>
    /// <param name="folder">The folder; a link to one is followed, since it was named.</param>
    /// <param name="note">Told, in a line each, of folders in it that cannot be read.</param>
    /// <param name="except">A folder in it to leave out; null: none.</param>
    /// <returns>Paths that begin with <paramref name="folder"/> as it was given.</returns>
    /// <exception cref="CommandException">The folder is not there or cannot be read.</exception>
    public static IReadOnlyList<string> Below(string folder, Action<string> note, string? except = null)
    {
        if (!Directory.Exists(folder))
        {
            throw new CommandException(File.Exists(folder) ? $"{folder} is a file: name the folder of photos." : $"There is no folder {folder}.");
        }

        var files = new List<string>();
        try
        {
            List(folder, except is null ? null : Path.TrimEndingDirectorySeparator(Path.GetFullPath(except)), files, note);
        }
        catch (UnauthorizedAccessException)
        {
            throw new CommandException($"The folder {folder} may not be read: ask its owner for permission.");
        }

        files.Sort(StringComparer.Ordinal);
        return files;
    }

    /// <summary>The files of each path: a file itself, or all photos below a folder. Folders in it that cannot be read are said on standard error.</summary>
    /// <param name="paths">Files and folders.</param>
    /// <exception cref="CommandException">A folder that was named cannot be read, or there is no photo. A file that is not there is said when it is read.</exception>
    public static PhotoList Of(IReadOnlyList<string> paths)
    {
        var unreadable = 0;
        var files = paths.SelectMany(path => Directory.Exists(path) ? Below(path, Note).Where(PhotoNames.IsPhoto) : [path]).ToList();
        return files.Count > 0 || unreadable > 0
            ? new PhotoList(files, unreadable)
            : throw new CommandException($"There is no photo in {string.Join(", ", paths)}.");

        void Note(string line)
        {
            unreadable++;
            CommandLine.Complain(line);
        }
    }

    /// <summary>Reads a file, or standard input where the path is <c>-</c>.</summary>
    /// <exception cref="CommandException">It cannot be read; the message does not name it.</exception>
    public static byte[] Read(string path)
    {
        if (path == StandardInput)
        {
            return ReadInput();
        }

        try
        {
            // Pipes, sockets and devices have no length; opening one could block for ever.
            var info = new FileInfo(path);
            if (!info.Exists)
            {
                throw new CommandException(Directory.Exists(path) ? "it is a folder." : "there is no such file.");
            }

            if (info.Length == 0 && info.LinkTarget is null)
            {
                throw new CommandException("the file is empty.");
            }

            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1, FileOptions.SequentialScan);
            if (!file.CanSeek)
            {
                throw new CommandException("it is no file but a device.");
            }

            var limit = new FaceEngineOptions().MaxPhotoBytes;
            if (file.Length > limit)
            {
                throw new CommandException($"the file has {file.Length / 1e6:0} MB: photos of up to {limit / 1e6:0} MB can be read.");
            }

            var bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            return bytes;
        }
        catch (UnauthorizedAccessException)
        {
            throw new CommandException("it may not be read: ask its owner for permission.");
        }
        catch (IOException)
        {
            throw new CommandException("it cannot be read from its disk.");
        }
    }

    /// <summary>Reads standard input to its end.</summary>
    /// <param name="limit">Most bytes; null: those of the largest photo.</param>
    /// <exception cref="CommandException">It is a terminal, or holds more.</exception>
    public static byte[] ReadInput(int? limit = null)
    {
        if (!Console.IsInputRedirected)
        {
            throw new CommandException("- means standard input, and nothing is piped into it.");
        }

        using var input = Console.OpenStandardInput();
        return ReadBounded(input, limit ?? new FaceEngineOptions().MaxPhotoBytes);
    }

    /// <summary>Reads a stream to its end, which a device may not have.</summary>
    /// <exception cref="CommandException">It holds more than the limit.</exception>
    public static byte[] ReadBounded(Stream input, int limit)
    {
        using var bytes = new MemoryStream();
        var buffer = new byte[1 << 16];
        while (input.Read(buffer) is > 0 and var count)
        {
            bytes.Write(buffer, 0, count);
            if (bytes.Length > limit)
            {
                throw new CommandException($"there are more than {limit / 1e6:0} MB.");
            }
        }

        return bytes.ToArray();
    }

    private static void List(string folder, string? except, List<string> files, Action<string> note)
    {
        foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos())
        {
            // .NET puts U+FFFD for bytes that are not UTF-8, and then finds nothing of that name.
            if (entry.Name.Contains('\uFFFD', StringComparison.Ordinal) && !Path.Exists(entry.FullName))
            {
                note($"{Path.Combine(folder, entry.Name)}: the name is not valid UTF-8, so that it is skipped: rename it.");
                continue;
            }

            // A link could lead anywhere, also back to where we are.
            if (entry.Attributes.HasFlag(FileAttributes.ReparsePoint) || entry.Name.StartsWith('.') || entry.FullName == except)
            {
                continue;
            }

            var path = Path.Combine(folder, entry.Name);
            if (entry is FileInfo)
            {
                files.Add(path);
                continue;
            }

            try
            {
                List(path, except, files, note);
            }
            catch (UnauthorizedAccessException)
            {
                note($"{path}: the folder may not be read and is skipped.");
            }
        }
    }
}

/// <summary>The photos that a command was given.</summary>
/// <param name="Files">Their paths.</param>
/// <param name="UnreadableFolders">How many folders among them could not be read: not everything can be answered for.</param>
internal sealed record PhotoList(IReadOnlyList<string> Files, int UnreadableFolders);
