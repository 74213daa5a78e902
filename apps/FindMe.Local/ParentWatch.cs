using System.Globalization;

namespace FindMe.Local;

/// <summary>Stops this program when its parent ends: on request when standard input is closed, and always when <c>dotnet run</c> ends.</summary>
/// <remarks>A killed <c>dotnet run</c> leaves the program it started behind, and the next start would find the port in use.</remarks>
internal static class ParentWatch
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    public static void Start(bool endWithInput, CancellationTokenSource end)
    {
        if (endWithInput)
        {
            Watch("End with input", end, () => Console.OpenStandardInput().CopyTo(Stream.Null));
        }

        if (OperatingSystem.IsLinux() && TryGetParent() is { } parent && IsDotnetRun(parent))
        {
            Watch("End with dotnet run", end, () =>
            {
                while (TryGetParent() == parent)
                {
                    Thread.Sleep(Interval);
                }
            });
        }
    }

    private static void Watch(string name, CancellationTokenSource end, Action untilTheEnd) => new Thread(() =>
    {
        untilTheEnd();
        try
        {
            end.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The program is already stopping.
        }
    })
    { IsBackground = true, Name = name }.Start();

    // Format: "pid (name) state ppid …". The name may contain anything, so parse from the last parenthesis.
    private static int? TryGetParent()
    {
        var stat = File.ReadAllText("/proc/self/stat");
        return int.TryParse(stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture, out var parent) ? parent : null;
    }

    private static bool IsDotnetRun(int process)
    {
        try
        {
            var command = File.ReadAllText($"/proc/{process}/cmdline").Split('\0');
            return Path.GetFileNameWithoutExtension(command[0]) == "dotnet" && command.Contains("run");
        }
        catch (IOException)
        {
            return false;
        }
    }
}
