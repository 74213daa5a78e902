using System.Globalization;

namespace FindMe.Evaluation;

/// <summary>Reads this process's memory on Linux.</summary>
internal static class ProcessMemory
{
    private const string Status = "/proc/self/status";

    /// <summary>Returns a line of /proc/self/status in bytes, such as VmRSS (current) or VmHWM (peak); 0 on other systems.</summary>
    public static long Read(string name)
    {
        if (!File.Exists(Status))
        {
            return 0;
        }

        var line = File.ReadLines(Status).First(line => line.StartsWith($"{name}:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
