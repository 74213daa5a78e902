namespace FindMe.Cli;

/// <summary>A folder for copies. Existing files are never overwritten, and symbolic links in it are not followed.</summary>
internal sealed class CopyFolder
{
    private readonly Lock _lock = new();

    /// <summary>Creates the folder if it does not exist.</summary>
    /// <exception cref="CommandException">It cannot be created.</exception>
    public CopyFolder(string path)
    {
        Path = path;
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"Could not create the folder {path}: {exception.Message}");
        }
    }

    /// <summary>The folder's path.</summary>
    public string Path { get; }

    /// <summary>Writes a photo under its own name, with a number if another file has that name. The same photo is not written twice.</summary>
    /// <param name="source">Where the photo is.</param>
    /// <param name="photo">Its bytes, as they were compared.</param>
    /// <returns>The path of the copy.</returns>
    /// <exception cref="IOException">The disk is full, or the folder is not writable.</exception>
    public string Add(string source, byte[] photo)
    {
        lock (_lock)
        {
            var (name, ending) = (System.IO.Path.GetFileNameWithoutExtension(source), System.IO.Path.GetExtension(source));
            for (var number = 1; ; number++)
            {
                var copy = System.IO.Path.Combine(Path, number == 1 ? name + ending : $"{name} ({number}){ending}");
                if (TryCreate(copy, photo) || IsSame(copy, photo))
                {
                    return copy;
                }
            }
        }
    }

    // CreateNew fails for anything that has the name, including dangling symbolic links.
    private static bool TryCreate(string copy, byte[] photo)
    {
        FileStream file;
        try
        {
            file = new FileStream(copy, FileMode.CreateNew, FileAccess.Write);
        }
        catch (IOException) when (System.IO.Path.Exists(copy) || new FileInfo(copy).LinkTarget is not null)
        {
            return false;
        }

        using (file)
        {
            file.Write(photo);
        }

        return true;
    }

    private static bool IsSame(string copy, byte[] photo)
    {
        var info = new FileInfo(copy);
        return info is { Exists: true, LinkTarget: null } && info.Length == photo.Length && File.ReadAllBytes(copy).AsSpan().SequenceEqual(photo);
    }
}
