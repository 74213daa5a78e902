using System.Runtime.InteropServices;

namespace FindMe.Cli;

/// <summary>Ends a command when the reader of its output has exited, as in <c>findme album … | head -1</c>.</summary>
/// <remarks>
/// SIGPIPE ends other programs at their next write. .NET ignores that signal, and its console ignores the failed write, so that a
/// command would search the rest of an album for nobody.
/// </remarks>
internal static class OutputReader
{
    private const int StandardOutput = 1;
    private const int Interrupted = 4;

    // poll(2) always reports these events: Linux the first, macOS the second.
    private const short Error = 0x8;
    private const short HangUp = 0x10;

    /// <summary>Watches standard output until the process ends; files and terminals have no reader that could exit.</summary>
    /// <param name="left">Cancelled when the reader has exited.</param>
    public static void Watch(CancellationTokenSource left)
    {
        // Windows has no poll(2), and its shells have no "head" that exits early.
        if (Console.IsOutputRedirected && !OperatingSystem.IsWindows())
        {
            new Thread(() => Wait(left)) { IsBackground = true }.Start();
        }
    }

    private static void Wait(CancellationTokenSource left)
    {
        var output = new PolledFile { Descriptor = StandardOutput };
        int count;
        do
        {
            count = Poll(ref output, 1, -1);
        }
        while (count < 0 && Marshal.GetLastPInvokeError() == Interrupted);

        if (count > 0 && (output.Reported & (Error | HangUp)) != 0)
        {
            left.Cancel();
        }
    }

    // poll(2); .NET has no API for it. The count is an unsigned long on Linux, and an unsigned int on macOS, where the upper half is not read.
    [DllImport("libc", EntryPoint = "poll", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern int Poll(ref PolledFile file, nuint count, int milliseconds);

    [StructLayout(LayoutKind.Sequential)]
    private struct PolledFile
    {
        public int Descriptor;
        public short Wanted;
        public short Reported;
    }
}
