using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace FindMe.Local;

/// <summary>Builds the apps and the models, and shows the progress. Takes almost no time if everything is up to date.</summary>
internal static class Preparation
{
    /// <summary>How many steps it takes.</summary>
    public const int Steps = 2;

    // What FindMe.ModelBuilder --progress writes of a download: bytes, of how many, and the package.
    private const string Progress = "progress ";

    private static readonly string[] BuildOptions = ["--configuration", "Release", "--nologo", "--verbosity", "minimal", "-nodeReuse:false"];

    public static async Task PrepareAsync(Checkout checkout, bool demoNetworks, StartSteps steps, CancellationToken cancellationToken)
    {
        steps.Begin("Build the apps");
        await RunAsync(checkout, steps, ["build", "FindMe.Apps.slnf", .. BuildOptions], cancellationToken);
        if (demoNetworks)
        {
            await RunAsync(checkout, steps, ["build", "tools/FindMe.DemoNetworks", .. BuildOptions], cancellationToken);
        }

        steps.Done();
        steps.Begin(checkout.HasModels ? "Check the models" : "Download and convert the models");
        await RunAsync(checkout, steps, [checkout.ProgramOf("FindMe.ModelBuilder"), "--progress"], cancellationToken);
        steps.Done();
    }

    private static async Task RunAsync(Checkout checkout, StartSteps steps, string[] arguments, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("dotnet", arguments)
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
            throw new StartException("dotnet is not on the PATH. Install the .NET SDK, or add its folder to the PATH, and start again.");
        }

        using (process)
        {
            process.OutputDataReceived += (_, line) => Show(steps, line.Data);
            process.ErrorDataReceived += (_, line) => Show(steps, line.Data);
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
                steps.Failed();
                throw new StartException("the step above failed. Fix the problem and start again.");
            }
        }
    }

    private static void Show(StartSteps steps, string? line)
    {
        if (line is not { Length: > 0 })
        {
            return;
        }

        if (line.StartsWith(Progress, StringComparison.Ordinal)
            && line.Split(' ', 4) is [_, var bytes, var total, var package]
            && long.TryParse(bytes, CultureInfo.InvariantCulture, out var here)
            && long.TryParse(total, CultureInfo.InvariantCulture, out var all)
            && all >= here && all > 0)
        {
            steps.ShowDownload(here, all, package);
        }
        else
        {
            steps.Show(line.Trim());
        }
    }
}
