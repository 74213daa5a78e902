using System.Globalization;

namespace LocalDapr;

/// <summary>Checks how many files, connections and pipes this process may have open. With too few, .NET fails in unpredictable places.</summary>
public static class OpenFileLimit
{
    // Linux's default. With 128 the runtime cannot load all assemblies.
    private const int Least = 1024;

    /// <summary>Returns one line with the problem and its fix; null when the limit is high enough, or unknown (not on Linux).</summary>
    public static string? Problem()
    {
        const string Name = "Max open files";
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        // "Max open files            1024                 524288               files": .NET raises the soft limit (first) to the hard limit (second) at startup.
        var line = File.ReadLines("/proc/self/limits").FirstOrDefault(line => line.StartsWith(Name, StringComparison.Ordinal));
        return line?[Name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var hard, ..]
            && int.TryParse(hard, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit < Least
                ? $"the limit of open files is {limit}, but {Least} are needed. Run `ulimit -n {Least}` and start again; if that exceeds the hard limit, raise the hard limit first (limits.conf, or LimitNOFILE of the service)."
                : null;
    }
}
