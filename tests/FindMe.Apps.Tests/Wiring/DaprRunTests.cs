using System.Diagnostics;
using System.Runtime.Versioning;
using LocalDapr;

namespace FindMe.Apps.Tests.Wiring;

/// <summary>./dapr-run with a stand-in for Dapr's command on the path, which writes down its arguments and its environment.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class DaprRunTests
{
    private const string TokenFile = ".dapr-tokens";
    private const string RunFileName = ".dapr-run.yaml";

    [Fact]
    public async Task It_hands_two_tokens_to_dapr_by_the_environment_alone_and_the_same_ones_each_time()
    {
        using var folder = new TemporaryFolder();
        Prepare(folder);

        var first = await RunAsync(folder, "--log-level", "warn");
        var second = await RunAsync(folder);

        Assert.Equal("run -f . --log-level warn", first.Arguments);
        Assert.Equal("run -f .", second.Arguments);
        Assert.Matches("^[0-9a-f]{32}$", first.DaprToken);
        Assert.Matches("^[0-9a-f]{32}$", first.AppToken);
        Assert.NotEqual(first.DaprToken, first.AppToken);
        Assert.Equal((first.DaprToken, first.AppToken), (second.DaprToken, second.AppToken));
        Assert.DoesNotContain(first.DaprToken, first.Output + first.Arguments, StringComparison.Ordinal);
        Assert.Equal(folder.Path, first.Directory);
    }

    [Fact]
    public async Task The_tokens_lie_in_a_file_that_only_its_owner_reads_and_that_neither_git_nor_an_image_takes()
    {
        using var folder = new TemporaryFolder();
        Prepare(folder);
        await RunAsync(folder);
        var file = Path.Combine(folder.Path, TokenFile);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));

        File.SetUnixFileMode(file, (UnixFileMode)Convert.ToInt32("644", 8));
        await RunAsync(folder);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        foreach (var ignored in new[] { TokenFile, RunFileName, "apps/FindMe.Api/.dapr/logs/app.log" })
        {
            using var git = Process.Start(new ProcessStartInfo("git", ["check-ignore", "--quiet", "--no-index", ignored]) { WorkingDirectory = Checkouts.Root })!;
            await git.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(git.ExitCode == 0, ignored);
        }

        var image = await File.ReadAllLinesAsync(Path.Combine(Checkouts.Root, ".dockerignore"), TestContext.Current.CancellationToken);
        Assert.Contains(TokenFile, image);
        Assert.Contains(RunFileName, image);
        Assert.Contains("**/.dapr/", image);
    }

    [Fact]
    public async Task A_token_file_that_is_not_one_and_a_missing_dapr_are_told_in_one_line_with_a_way_out()
    {
        using var folder = new TemporaryFolder();
        Prepare(folder);
        await File.WriteAllTextAsync(Path.Combine(folder.Path, TokenFile), "DAPR_API_TOKEN=short\n", TestContext.Current.CancellationToken);
        var broken = await RunAsync(folder);
        Assert.Equal((1, ""), (broken.ExitCode, broken.Arguments));
        Assert.Contains("Delete it", Assert.Single(broken.Output.Trim().Split('\n')), StringComparison.Ordinal);

        File.Delete(Path.Combine(folder.Path, TokenFile));
        File.Delete(Path.Combine(folder.Path, "bin", "dapr"));
        var missing = await RunAsync(folder);
        Assert.Equal(1, missing.ExitCode);
        Assert.Contains("https://docs.dapr.io", Assert.Single(missing.Output.Trim().Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_of_components_takes_the_place_of_the_default_one_and_nothing_else_changes()
    {
        using var folder = new TemporaryFolder();
        Prepare(folder);
        var components = folder.Folder("it's & a | folder");
        await File.WriteAllTextAsync(Path.Combine(components, "pubsub.yaml"), "", TestContext.Current.CancellationToken);

        var run = await RunAsync(folder, components, "--log-level", "warn");

        Assert.Equal((0, $"run -f {RunFileName} --log-level warn"), (run.ExitCode, run.Arguments));
        Assert.Matches("^[0-9a-f]{32}$", run.DaprToken);
        var changed = await File.ReadAllTextAsync(Path.Combine(folder.Path, RunFileName), TestContext.Current.CancellationToken);
        var original = await File.ReadAllTextAsync(Path.Combine(folder.Path, "dapr.yaml"), TestContext.Current.CancellationToken);
        Assert.Equal(components, RunFile.Load(Path.Combine(folder.Path, RunFileName)).ResourcesPath);
        Assert.Equal(original.Replace("    - ./components\n", $"    - '{components.Replace("'", "''", StringComparison.Ordinal)}'\n", StringComparison.Ordinal), changed);
    }

    [Fact]
    public async Task The_second_set_of_components_is_found_from_the_current_folder()
    {
        using var folder = new TemporaryFolder();
        Prepare(folder);
        var own = folder.Folder("components/rabbitmq-postgresql");
        await File.WriteAllTextAsync(Path.Combine(own, "pubsub.yaml"), "", TestContext.Current.CancellationToken);

        var run = await RunInAsync(folder, folder.Path, "components/rabbitmq-postgresql");

        Assert.Equal((0, $"run -f {RunFileName}"), (run.ExitCode, run.Arguments));
        Assert.Equal(own, RunFile.Load(Path.Combine(folder.Path, RunFileName)).ResourcesPath);
    }

    [Theory]
    [InlineData("nowhere", "There is no folder nowhere")]
    [InlineData(".", "holds no component")]
    public async Task A_folder_without_components_is_told_in_one_line_with_a_way_out(string components, string problem)
    {
        using var folder = new TemporaryFolder();
        Prepare(folder);

        var run = await RunInAsync(folder, folder.Folder("empty"), components);

        Assert.Equal((1, ""), (run.ExitCode, run.Arguments));
        var line = Assert.Single(run.Output.Trim().Split('\n'));
        Assert.Contains(problem, line, StringComparison.Ordinal);
        Assert.Contains("components/rabbitmq-postgresql", line, StringComparison.Ordinal);
    }

    private static void Prepare(TemporaryFolder folder)
    {
        File.Copy(Path.Combine(Checkouts.Root, "dapr.yaml"), Path.Combine(folder.Path, "dapr.yaml"));
        foreach (var app in RunFile.Load(Path.Combine(Checkouts.Root, "dapr.yaml")).Apps)
        {
            folder.Folder(Path.GetRelativePath(Checkouts.Root, app.DirectoryPath));
        }

        File.Copy(Path.Combine(Checkouts.Root, "dapr-run"), Path.Combine(folder.Path, "dapr-run"));
        var dapr = Path.Combine(folder.Folder("bin"), "dapr");
        File.WriteAllText(dapr, """
            #!/bin/sh
            printf '%s\n%s\n%s\n%s\n' "$*" "$DAPR_API_TOKEN" "$APP_API_TOKEN" "$PWD" > "$RECORD"
            """);
        File.SetUnixFileMode(dapr, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private static Task<Recorded> RunAsync(TemporaryFolder folder, params string[] arguments) => RunInAsync(folder, Path.GetTempPath(), arguments);

    private static async Task<Recorded> RunInAsync(TemporaryFolder folder, string directory, params string[] arguments)
    {
        var record = Path.Combine(folder.Path, "record");
        File.Delete(record);
        var start = new ProcessStartInfo(Path.Combine(folder.Path, "dapr-run"), arguments)
        {
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["RECORD"] = record, ["PATH"] = $"{Path.Combine(folder.Path, "bin")}:/usr/bin:/bin" },
        };
        start.Environment.Remove("DAPR_API_TOKEN");
        start.Environment.Remove("APP_API_TOKEN");
        using var process = Process.Start(start)!;
        var said = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        var lines = File.Exists(record) ? await File.ReadAllLinesAsync(record, TestContext.Current.CancellationToken) : ["", "", "", ""];
        return new Recorded(process.ExitCode, string.Concat(said), lines[0], lines[1], lines[2], lines[3]);
    }

    private sealed record Recorded(int ExitCode, string Output, string Arguments, string DaprToken, string AppToken, string Directory);
}
