using System.Collections;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FindMe.Cli;

/// <summary>Lets malloc use huge pages, by starting the native program again with the setting of glibc that only exists at its start.</summary>
/// <remarks>
/// The first photo touches 300 MB, most of it in the detector's layers. In pages of 4 KB, a third of the program's processor time goes into page
/// faults; huge pages save half of that (bench/RESULTS.md). A second start of the native program takes less than a hundredth of a second; one that
/// is compiled at run time would lose more than it gains.
/// </remarks>
internal static partial class HugePages
{
    // https://www.gnu.org/software/libc/manual/html_node/Memory-Allocation-Tunables.html: 1 is madvise, as the kernel's setting below expects.
    private const string Variable = "GLIBC_TUNABLES";
    private const string Setting = "glibc.malloc.hugetlb=1";
    private const string KernelSetting = "/sys/kernel/mm/transparent_hugepage/enabled";

    /// <summary>Starts the program again, if that helps this command line; does not return then.</summary>
    /// <param name="args">The command line. Without a command and its arguments, no model is loaded.</param>
    public static void Use(string[] args)
    {
        if (args.Length > 1
            && OperatingSystem.IsLinux()
            && !RuntimeFeature.IsDynamicCodeSupported
            && Environment.GetEnvironmentVariable(Variable) is null
            && IsUpToPrograms())
        {
            string?[] environment =
            [
                .. Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(variable => $"{variable.Key}={variable.Value}"),
                $"{Variable}={Setting}",
                null,
            ];

            // Returns only on failure; the command then runs without huge pages.
            _ = Execute(Environment.ProcessPath!, [.. Environment.GetCommandLineArgs(), null], environment);
        }
    }

    // "[never]" would make the second start useless, and "[always]" needless.
    private static bool IsUpToPrograms()
    {
        try
        {
            return File.ReadAllText(KernelSetting).Contains("[madvise]", StringComparison.Ordinal);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "execve", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Execute(string path, string?[] arguments, string?[] environment);
}
