using System.Diagnostics;
using System.Runtime.Versioning;

namespace FindMe.Apps.Tests.Wiring;

/// <summary>The script with which the workflow does the main job under <c>dapr run</c>, here with FindMe's own launcher in Dapr's place.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class MainJobTests
{
    [Fact]
    public async Task It_starts_FindMe_finds_the_person_on_the_demo_photos_and_ends_it()
    {
        using var folder = new TemporaryFolder();
        var data = folder.Folder("data");

        var (exitCode, output) = await RunAsync(
            folder, $"exec dotnet '{Checkouts.ProgramOf("FindMe.Local")}' --no-build --port 0 --data '{data}' --album \"$Albums__Folders__0\"");

        Assert.True(exitCode == 0, output);
        Assert.Contains("and the person is found", output, StringComparison.Ordinal);
        // The launcher has ended, and its sidecar with it: the log of a database that is open would be there.
        Assert.True(File.Exists(Path.Combine(data, "sidecar.db")));
        Assert.False(File.Exists(Path.Combine(data, "sidecar.db-wal")));
    }

    [Fact]
    public async Task Where_FindMe_does_not_start_it_fails_and_shows_what_was_said()
    {
        using var folder = new TemporaryFolder();

        var (exitCode, output) = await RunAsync(folder, "echo 'no broker is there'; exit 1");

        Assert.Equal(1, exitCode);
        Assert.Contains("FindMe exited before it was ready.", output, StringComparison.Ordinal);
        Assert.Contains("no broker is there", output, StringComparison.Ordinal);
    }

    // A checkout of links, so that its tokens are not left in this one.
    private static async Task<(int ExitCode, string Output)> RunAsync(TemporaryFolder folder, string dapr)
    {
        Directory.CreateSymbolicLink(Path.Combine(folder.Path, "artifacts"), Path.Combine(Checkouts.Root, "artifacts"));

        folder.Folder("bench");
        foreach (var copied in new[] { "FindMe.sln", "dapr.yaml", "dapr-run", "bench/main-job" })
        {
            File.Copy(Path.Combine(Checkouts.Root, copied), Path.Combine(folder.Path, copied));
        }

        var program = Path.Combine(folder.Folder("bin"), "dapr");
        await File.WriteAllTextAsync(program, $"#!/bin/sh\n{dapr}\n", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        using var process = Process.Start(new ProcessStartInfo(Path.Combine(folder.Path, "bench", "main-job"))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["PATH"] = $"{Path.GetDirectoryName(program)}:{Environment.GetEnvironmentVariable("PATH")}" },
        })!;
        var said = await Task.WhenAll(
            process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, string.Concat(said));
    }
}
