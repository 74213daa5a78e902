using FindMe.Faces;
using FindMe.Recognition;

namespace FindMe.Cli;

/// <summary>Lists the photos of folders and reads them.</summary>
internal static class PhotoFiles
{
    /// <summary>The path that means standard input.</summary>
    public const string StandardInput = "-";

    /// <summary>Lists every file below a folder, in ordinal order. Symbolic links in it are not followed, and names that begin with a dot are skipped.</summary>
    /// <param name="folder">The folder; if it is itself a symbolic link, it is followed.</param>
    /// <param name="note">Receives one line for each subfolder that cannot be read.</param>
    /// <param name="except">A subfolder to skip; null: none.</param>
    /// <returns>Paths that begin with <paramref name="folder"/> as given.</returns>
    /// <exception cref="CommandException">The folder does not exist or cannot be read.</exception>
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
            throw new CommandException($"No permission to read the folder {folder}: ask its owner.");
        }

        files.Sort(StringComparer.Ordinal);
        return files;
    }

    /// <summary>Lists the files of each path: the file itself, or all photos below a folder. Subfolders that cannot be read are reported on standard error.</summary>
    /// <param name="paths">Files and folders.</param>
    /// <exception cref="CommandException">A given folder cannot be read, or there is no photo. A missing file is reported when it is read.</exception>
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

    /// <summary>Reads a file, or standard input if the path is <c>-</c>.</summary>
    /// <exception cref="CommandException">It cannot be read; the message does not name it.</exception>
    public static byte[] Read(string path)
    {
        if (path == StandardInput)
        {
            return ReadInput();
        }

        try
        {
            // Pipes, sockets and devices have no length; opening one could block forever.
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
                throw new CommandException("it is a device, not a file.");
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
            throw new CommandException("no permission to read it: ask its owner.");
        }
        catch (IOException)
        {
            throw new CommandException("it cannot be read from its disk.");
        }
    }

    /// <summary>Reads standard input to its end.</summary>
    /// <param name="limit">Maximum number of bytes; null: that of the largest photo.</param>
    /// <exception cref="CommandException">It is a terminal, or holds more.</exception>
    public static byte[] ReadInput(int? limit = null)
    {
        if (!Console.IsInputRedirected)
        {
            throw new CommandException("- means standard input, but nothing is piped into it.");
        }

        using var input = Console.OpenStandardInput();
        return ReadBounded(input, limit ?? new FaceEngineOptions().MaxPhotoBytes);
    }

    /// <summary>Reads a stream to its end, or fails at the limit, since a device may never end.</summary>
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
                throw new CommandException($"the input is larger than {limit / 1e6:0} MB.");
            }
        }

        return bytes.ToArray();
    }

    private static void List(string folder, string? except, List<string> files, Action<string> note)
    {
        foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos())
        {
            // .NET replaces bytes that are not UTF-8 with U+FFFD, and then finds no file of that name.
            if (entry.Name.Contains('\uFFFD', StringComparison.Ordinal) && !Path.Exists(entry.FullName))
            {
                note($"{Path.Combine(folder, entry.Name)}: skipped, because its name is not valid UTF-8: rename it.");
                continue;
            }

            // A link could lead anywhere, even back to this folder.
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
                note($"{path}: skipped: no permission to read the folder.");
            }
        }
    }
}

/// <summary>The photos named on the command line.</summary>
/// <param name="Files">Their paths.</param>
/// <param name="UnreadableFolders">Number of folders that could not be read; if there are any, the command exits with an error.</param>
internal sealed record PhotoList(IReadOnlyList<string> Files, int UnreadableFolders);
