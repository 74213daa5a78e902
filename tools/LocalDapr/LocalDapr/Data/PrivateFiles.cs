namespace LocalDapr;

/// <summary>Files that only their owner can read and write, regardless of umask and folder. On Windows they inherit the folder's permissions.</summary>
internal static class PrivateFiles
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // SQLite creates its log and shared memory with the permissions of the database file.
    private static readonly string[] Companions = ["", "-wal", "-shm", "-journal"];

    /// <summary>Opens or creates a file, and restricts it to its owner.</summary>
    public static FileStream Open(string path, FileMode mode, FileAccess access, FileShare share)
    {
        if (OperatingSystem.IsWindows())
        {
            return new FileStream(path, mode, access, share);
        }

        var file = new FileStream(path, new FileStreamOptions { Mode = mode, Access = access, Share = share, UnixCreateMode = OwnerOnly });
        File.SetUnixFileMode(file.SafeFileHandle, OwnerOnly);
        return file;
    }

    /// <summary>Restricts a database and its companion files to their owner; creates an empty database file if there is none.</summary>
    public static void Restrict(string database)
    {
        foreach (var file in Companions.Select(companion => database + companion).Where(file => file == database || File.Exists(file)))
        {
            Open(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite).Dispose();
        }
    }
}
