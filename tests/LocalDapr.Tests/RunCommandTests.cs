using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;

namespace LocalDapr.Tests;

/// <summary>Tests <c>local-dapr run</c> with the unchanged samples.</summary>
public sealed class RunCommandTests
{
    private static readonly string Samples = Path.Combine(LocalDaprCommand.Repository, "samples", "LocalDapr");

    // `dotnet run` compiles the app first.
    private const int SecondsToStart = 120;

    [Fact]
    public async Task The_sample_with_the_NET_SDK_runs_unchanged()
    {
        using var process = LocalDaprCommand.Start([], "run", "-f", Path.Combine(Samples, "dotnet"));
        _ = DrainAsync(process);
        using var http = new HttpClient { BaseAddress = new Uri("http://127.0.0.1:6001") };
        var id = $"{Guid.NewGuid()}";

        await Eventually.TrueAsync(
            async () =>
            {
                Assert.False(process.HasExited, "the command has ended");
                try
                {
                    using var placed = await http.PostAsJsonAsync("/orders", new { id });
                    return placed.IsSuccessStatusCode;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            SecondsToStart);

        await Eventually.TrueAsync(async () => (await http.GetFromJsonAsync<JsonElement>($"/orders/{id}")).GetProperty("status").GetString() == "confirmed");
        await LocalDaprCommand.EndAsync(process);
        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync("/orders/1"));
    }

    [Fact]
    public async Task The_sample_with_the_Node_SDK_runs_unchanged_over_both_transports()
    {
        Assert.SkipUnless(IsOnPath("node") && IsOnPath("npm"), "Node.js is not on the path.");
        using var folder = new TemporaryFolder();
        Copy(Path.Combine(Samples, "components"), Path.Combine(folder.Path, "components"));
        var sample = Copy(Path.Combine(Samples, "node"), Path.Combine(folder.Path, "node"));
        using var npm = Process.Start(new ProcessStartInfo("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]) { WorkingDirectory = sample })!;
        await npm.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(3));
        Assert.Equal(0, npm.ExitCode);

        using var process = LocalDaprCommand.Start(new() { ["DAPR_API_TOKEN"] = "secret" }, "run", "--run-file", Path.Combine(sample, "dapr.yaml"), "--data", Path.Combine(folder.Path, "data"));
        var expected = new HashSet<string> { "orders: order-HTTP is confirmed, over HTTP", "orders: order-gRPC is confirmed, over gRPC" };
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (expected.Count > 0)
        {
            expected.Remove(await process.StandardOutput.ReadLineAsync(deadline.Token) ?? throw new InvalidOperationException("the command has ended"));
        }

        _ = DrainAsync(process);
        await LocalDaprCommand.EndAsync(process);
        Assert.True(File.Exists(Path.Combine(folder.Path, "data", "sidecar.db")));
    }

    [Theory]
    [InlineData("version: 1", "has no apps")]
    [InlineData("version: 1\napps: [{ appDirPath: ., command: [no-such-program] }]\ncommon: { resourcesPaths: [.] }", "with 'no-such-program'")]
    [InlineData("version: 1\napps: [{ appDirPath: . }, { appID: b, appDirPath: ., resourcesPaths: [b] }]\ncommon: { resourcesPaths: [.] }", "the same resourcesPaths")]
    [InlineData("apps: []", "has no version")]
    public async Task A_run_file_that_cannot_be_run_is_refused_with_the_reason(string text, string reason)
    {
        using var folder = new TemporaryFolder();
        // The sidecar would read a run file in the resources folder as a resource.
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "dapr.run"), text);
        using var process = LocalDaprCommand.Start([], "run", "-f", Path.Combine(folder.Path, "dapr.run"));

        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(20));

        Assert.Equal(1, process.ExitCode);
        Assert.Contains(reason, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_packs_into_a_tool_that_can_be_installed()
    {
        using var folder = new TemporaryFolder();
        var project = Path.Combine(LocalDaprCommand.Repository, "tools", "LocalDapr", "LocalDapr.Cli");
        await File.WriteAllTextAsync(
            Path.Combine(folder.Path, "nuget.config"),
            $"""<configuration><packageSources><clear /><add key="packed" value="{folder.Path}" /></packageSources></configuration>""");

        await DotnetAsync("pack", project, "--configuration", LocalDaprCommand.Configuration, "--no-build", "--output", folder.Path);
        await DotnetAsync(
            "tool", "install", "LocalDapr.Tool", "--tool-path", Path.Combine(folder.Path, "tools"), "--configfile", Path.Combine(folder.Path, "nuget.config"), "--no-cache");
        var help = await OutputAsync(new ProcessStartInfo(Path.Combine(folder.Path, "tools", "local-dapr"), ["--help"]));

        Assert.Contains("--dapr-grpc-port", help, StringComparison.Ordinal);
        Assert.Contains("local-dapr [command] [options]", help, StringComparison.Ordinal);
    }

    private static Task<string> DotnetAsync(params string[] arguments) => OutputAsync(new ProcessStartInfo("dotnet", arguments));

    private static async Task<string> OutputAsync(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = true;
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync().WaitAsync(TimeSpan.FromMinutes(3));
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, output);
        return output;
    }

    private static Task<string[]> DrainAsync(Process process) => Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());

    private static bool IsOnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, program)));

    private static string Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        // Ignores global tools of the user.
        foreach (var file in Directory.GetFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }

        return to;
    }
}
