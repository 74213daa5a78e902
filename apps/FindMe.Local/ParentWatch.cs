using System.Globalization;

namespace FindMe.Local;

/// <summary>Ends this program with whoever started it: a closed standard input where that is asked for, and <c>dotnet run</c> always.</summary>
/// <remarks>When <c>dotnet run</c> is killed, the program it started goes on without it, and a second start finds the port taken.</remarks>
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
            // It ended by itself meanwhile.
        }
    })
    { IsBackground = true, Name = name }.Start();

    // "pid (name) state ppid …": the name may hold anything, but nothing after its last parenthesis does.
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
