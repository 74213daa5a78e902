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
            new Thread(() =>
            {
                using var input = Console.OpenStandardInput();
                var buffer = new byte[256];
                while (input.Read(buffer) > 0)
                {
                }

                TryCancel(end);
            })
            { IsBackground = true, Name = "End with input" }.Start();
        }

        if (OperatingSystem.IsLinux() && TryGetParent() is { } parent && IsDotnetRun(parent))
        {
            new Thread(() =>
            {
                while (TryGetParent() == parent)
                {
                    Thread.Sleep(Interval);
                }

                TryCancel(end);
            })
            { IsBackground = true, Name = "End with dotnet run" }.Start();
        }
    }

    /// <summary>Tells the program to end, unless it is ending already.</summary>
    public static void TryCancel(CancellationTokenSource end)
    {
        try
        {
            end.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ended by itself meanwhile.
        }
    }

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
