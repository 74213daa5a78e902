using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace FindMe.Local;

/// <summary>Keeps the files of the data folder from everybody else on the machine, whatever the folder itself allows.</summary>
internal static partial class PrivateData
{
    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    // What FindMe itself keeps. A folder given with --data may hold other things, which are left alone.
    private static readonly string[] Folders = ["logs", "keys", "audit", "uploads"];

    /// <summary>
    /// Has this process and the apps that it starts create files that only their owner may open (umask 077), closes the files that an earlier version
    /// left open, and warns of a data folder that others may open. On Windows the folder's permissions decide, and nothing is done.
    /// </summary>
    /// <param name="data">The data folder, which exists.</param>
    public static void Apply(string data)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        _ = SetUmask(Convert.ToUInt32("077", 8));
        foreach (var path in Folders.Select(folder => Path.Combine(data, folder)).Where(Directory.Exists))
        {
            Close(path);
            foreach (var inside in Directory.EnumerateFileSystemEntries(path, "*", SearchOption.AllDirectories))
            {
                Close(inside);
            }
        }

        if ((File.GetUnixFileMode(data) & Others) != 0)
        {
            Console.WriteLine($"Warning: other users of this machine may open {data}. They can read no file in it, but see which there are. To keep them out: chmod 700 {data}");
        }
    }

    [UnsupportedOSPlatform("windows")]
    private static void Close(string path)
    {
        if (File.GetUnixFileMode(path) is var mode && (mode & Others) != 0 && new FileInfo(path).LinkTarget is null)
        {
            File.SetUnixFileMode(path, mode & ~Others);
        }
    }

    // umask(2); .NET has no call for it. mode_t has 32 bits on Linux and 16 on macOS, where the upper half of the register is not read.
    [DllImport("libc", EntryPoint = "umask")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern uint SetUmask(uint mask);
}
