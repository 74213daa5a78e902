using System.Diagnostics;
using System.Text.RegularExpressions;

namespace FindMe.Apps.Tests.Wiring;

/// <summary>What npm installs must not run code of its packages.</summary>
public sealed partial class NpmScriptsTests
{
    private static readonly string[] NpmFolders = ["", "bench/peer", "bench/peer-nsfwjs", "tools/LocalDapr/samples/node"];

    [Fact]
    public async Task Every_npm_ci_of_the_build_ignores_scripts()
    {
        using var git = Process.Start(new ProcessStartInfo("git", ["ls-files", "check", "apps", "libs", "models", "bench", "tools", ".github", "docs"]) { WorkingDirectory = Checkouts.Root, RedirectStandardOutput = true })!;
        var files = (await git.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var calls = files.Where(file => !file.EndsWith("package-lock.json", StringComparison.Ordinal))
            .SelectMany(file => File.ReadLines(Path.Combine(Checkouts.Root, file)).Where(line => Call().IsMatch(line)).Select(line => (File: file, Line: line.Trim())))
            .ToList();

        // check, Preparation, npm-ci.mjs, bench/peer/install and the images of Api, Compare and Vision at least.
        Assert.InRange(calls.Count, 7, 50);
        Assert.DoesNotContain(calls, call => !call.Line.Contains("--ignore-scripts", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_script_of_a_package_does_not_run_where_somebody_types_npm_ci_without_a_flag()
    {
        foreach (var npmFolder in NpmFolders)
        {
            using var folder = new TemporaryFolder();
            File.Copy(Path.Combine(Checkouts.Root, npmFolder, ".npmrc"), Path.Combine(folder.Path, ".npmrc"));
            await File.WriteAllTextAsync(
                Path.Combine(folder.Path, "package.json"), """{"name":"a","version":"1.0.0","scripts":{"preinstall":"touch ran","postinstall":"touch ran"}}""", TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(
                Path.Combine(folder.Path, "package-lock.json"), """{"name":"a","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"a","version":"1.0.0"}}}""", TestContext.Current.CancellationToken);
            using var npm = Process.Start(new ProcessStartInfo("npm", ["ci", "--offline", "--no-audit", "--no-fund", "--silent"]) { WorkingDirectory = folder.Path })!;
            await npm.WaitForExitAsync(TestContext.Current.CancellationToken);

            Assert.Equal(0, npm.ExitCode);
            Assert.False(File.Exists(Path.Combine(folder.Path, "ran")), npmFolder);
        }
    }

    // A command, not a word about one: at the start of a line or of a command, or as the arguments of a process.
    [GeneratedRegex("""^\s*(RUN )?npm (ci|install)\b|&& npm (ci|install)\b|\["ci"|\['ci'""")]
    private static partial Regex Call();
}
