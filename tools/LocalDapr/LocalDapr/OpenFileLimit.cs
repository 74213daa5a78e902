using System.Globalization;

namespace LocalDapr;

/// <summary>How many files, connections and pipes this process may have open. Where there are too few, .NET itself fails in places that cannot be foreseen.</summary>
public static class OpenFileLimit
{
    // Linux's default. At 128 the runtime cannot even load every assembly.
    private const int Least = 1024;

    /// <summary>What is wrong and how to change it, in one line; null where there are enough, or where the system does not tell.</summary>
    public static string? Problem()
    {
        const string Name = "Max open files";
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        // "Max open files            1024                 524288               files": .NET raises the first to the second as it starts.
        var line = File.ReadLines("/proc/self/limits").FirstOrDefault(line => line.StartsWith(Name, StringComparison.Ordinal));
        return line?[Name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var hard, ..]
            && int.TryParse(hard, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit < Least
                ? $"a process may have only {limit} files and connections open here, and {Least} are needed. Allow more with `ulimit -n {Least}` and start again; above the hard limit, raise that first (limits.conf, or LimitNOFILE of the service)."
                : null;
    }
}
