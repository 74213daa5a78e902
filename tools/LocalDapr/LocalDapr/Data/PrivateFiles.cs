namespace LocalDapr;

/// <summary>Files that only their owner may read and write, whatever the umask and whatever the folder allows. On Windows the folder's permissions decide.</summary>
internal static class PrivateFiles
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // SQLite gives its log and its shared memory the permissions of the database.
    private static readonly string[] Companions = ["", "-wal", "-shm", "-journal"];

    /// <summary>Opens a file; one that is created is its owner's only, and so is one that is already there.</summary>
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

    /// <summary>Creates a database as an empty file of its owner's unless it is there, and takes it and its companions from everybody else.</summary>
    public static void Restrict(string database)
    {
        foreach (var file in Companions.Select(companion => database + companion).Where(file => file == database || File.Exists(file)))
        {
            Open(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite).Dispose();
        }
    }
}
