using System.Diagnostics;

namespace LocalDapr.Tests;

/// <summary>Runs <c>local-dapr</c> as a process.</summary>
internal static class LocalDaprCommand
{
    /// <summary>The folder with FindMe.sln.</summary>
    public static string Repository { get; } = FindRepository();

    // Beside this project's own output: artifacts/bin/<project>/<configuration>.
    private static DirectoryInfo Output { get; } = new(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));

    /// <summary>Release or Debug, as these tests were built.</summary>
    public static string Configuration => Output.Name;

    private static string Program => Path.Combine(Output.Parent!.Parent!.FullName, "LocalDapr.Cli", Configuration, "local-dapr.dll");

    public static Process Start(Dictionary<string, string> environment, params string[] arguments)
    {
        // Resets SIGINT, which is ignored if a shell without job control started the tests.
        var start = new ProcessStartInfo("env", ["--default-signal=INT", "dotnet", Program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    /// <summary>Sends SIGTERM, and asserts that the process exits with code 0.</summary>
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
