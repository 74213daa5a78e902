using System.ComponentModel;
using System.Diagnostics;

namespace FindMe.Local;

/// <summary>Builds the apps and the models, and shows the progress. Takes almost no time if everything is up to date.</summary>
internal static class Preparation
{
    private const int Steps = 2;

    public static async Task PrepareAsync(Checkout checkout, bool demoNetworks, CancellationToken cancellationToken)
    {
        await RunAsync(
            checkout, 1, "apps", "dotnet", ["build", "FindMe.Apps.slnf", "--configuration", "Release", "--nologo", "--verbosity", "minimal", "-nodeReuse:false"], cancellationToken);
        if (demoNetworks)
        {
            await RunAsync(
                checkout, 1, "imitated networks", "dotnet", ["build", "tools/FindMe.DemoNetworks", "--configuration", "Release", "--nologo", "--verbosity", "minimal", "-nodeReuse:false"], cancellationToken);
        }

        await RunAsync(checkout, 2, "models (downloads 112 MB the first time)", "dotnet", [checkout.ProgramOf("FindMe.ModelBuilder")], cancellationToken);
    }

    // Shows the step's output line by line. On a terminal a timer also shows the elapsed time.
    private static async Task RunAsync(
        Checkout checkout, int step, string what, string file, string[] arguments, CancellationToken cancellationToken)
    {
        Console.WriteLine($"[{step}/{Steps}] {what}");
        var watch = Stopwatch.StartNew();
        var start = new ProcessStartInfo(file, arguments)
        {
            WorkingDirectory = checkout.Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // The nested build must not inherit the MSBuild settings of the build that started this program.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            start.Environment.Remove(name);
        }

        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception)
        {
            throw new StartException($"{file} is not installed. Install it and start again.");
        }

        using (process)
        {
            using var silence = new Timer(
                _ => Console.Write($"\r      {watch.Elapsed.TotalSeconds:0} s "), null, Console.IsOutputRedirected ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
            process.OutputDataReceived += Show;
            process.ErrorDataReceived += Show;
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            try
            {
                await process.WaitForExitAsync(cancellationToken);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                throw;
            }

            if (process.ExitCode != 0)
            {
                throw new StartException($"{what}: failed, see above. Fix the problem and start again.");
            }
        }

        Console.WriteLine($"{(Console.IsOutputRedirected ? "" : "\r")}      done in {watch.Elapsed.TotalSeconds:0.0} s");
    }

    private static void Show(object sender, DataReceivedEventArgs line)
    {
        if (line.Data is { Length: > 0 } text)
        {
            Console.WriteLine((Console.IsOutputRedirected ? "      " : "\r      ") + text.Trim());
        }
    }
}
