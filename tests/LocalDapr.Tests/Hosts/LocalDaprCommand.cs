using System.Diagnostics;

namespace LocalDapr.Tests;

/// <summary>The command as a process of its own.</summary>
internal static class LocalDaprCommand
{
    /// <summary>The folder of FindMe.sln.</summary>
    public static string Repository { get; } = FindRepository();

    // Beside this project's own output: artifacts/bin/<project>/<configuration>.
    private static DirectoryInfo Output { get; } = new(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));

    /// <summary>Release or Debug, as these tests were built.</summary>
    public static string Configuration => Output.Name;

    private static string Program => Path.Combine(Output.Parent!.Parent!.FullName, "LocalDapr.Cli", Configuration, "local-dapr.dll");

    public static Process Start(Dictionary<string, string> environment, params string[] arguments)
    {
        // Ctrl-C is not ignored, as it is where a shell without job control started the tests.
        var start = new ProcessStartInfo("env", ["--default-signal=INT", "dotnet", Program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    /// <summary>SIGTERM, and the process must end with exit code 0.</summary>
    public static async Task EndAsync(Process process)
    {
        using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(0, process.ExitCode);
    }

    private static string FindRepository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "FindMe.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("FindMe.sln is in no folder above the tests.");
        }

        return folder.FullName;
    }
}
