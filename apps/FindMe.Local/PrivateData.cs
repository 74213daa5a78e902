using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace FindMe.Local;

/// <summary>Protects the files of the data folder from other users of the machine, whatever the permissions of the folder itself.</summary>
internal static partial class PrivateData
{
    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    // FindMe's own folders. A folder given with --data may contain other files, which are left alone.
    private static readonly string[] Folders = ["logs", "keys", "audit", "uploads"];

    /// <summary>
    /// Sets umask 077, so that only the owner can open files that this process and its apps create. Restricts files of earlier versions, and
    /// warns if other users may open the data folder. Does nothing on Windows, where the folder's permissions decide.
    /// </summary>
    /// <param name="data">The data folder; must exist.</param>
    public static void Apply(string data)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        _ = SetUmask(Convert.ToUInt32("077", 8));
        foreach (var path in Folders.Select(folder => Path.Combine(data, folder)).Where(Directory.Exists))
        {
            Restrict(path);
            foreach (var inside in Directory.EnumerateFileSystemEntries(path, "*", SearchOption.AllDirectories))
            {
                Restrict(inside);
            }
        }

        if ((File.GetUnixFileMode(data) & Others) != 0)
        {
            Console.WriteLine($"Warning: other users of this machine may open {data}. They can list its files but not read them. To keep them out: chmod 700 {data}");
        }
    }

    [UnsupportedOSPlatform("windows")]
    private static void Restrict(string path)
    {
        if (File.GetUnixFileMode(path) is var mode && (mode & Others) != 0 && new FileInfo(path).LinkTarget is null)
        {
            File.SetUnixFileMode(path, mode & ~Others);
        }
    }

    // umask(2), which .NET does not expose. mode_t has 32 bits on Linux and 16 on macOS, which ignores the upper half of the register.
    [DllImport("libc", EntryPoint = "umask")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern uint SetUmask(uint mask);
}
