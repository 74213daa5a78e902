using System.Globalization;

namespace FindMe.Evaluation;

/// <summary>What Linux says of this process's memory.</summary>
internal static class ProcessMemory
{
    private const string Status = "/proc/self/status";

    /// <summary>A line of the process's status, in bytes: VmRSS is what it has now, VmHWM the most it had. 0 where there is no such file.</summary>
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
