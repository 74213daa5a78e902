using System.Diagnostics;

namespace FindMe.Recognition.Tests;

/// <summary>Exit code and output of a command.</summary>
internal sealed record CommandResult(int Code, string Output, string Errors)
{
    public IReadOnlyList<string> Lines { get; } = Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}

/// <summary>Runs <c>findme</c> as a process, as a user does.</summary>
internal static class Shell
{
    public static readonly string Program = Path.Combine(Checkouts.Root, "artifacts", "bin", "FindMe.Cli", "release", "findme.dll");

    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(3);

    public static Task<CommandResult> FindMeAsync(params string[] arguments) => FindMeAsync(arguments, input: "");

    public static async Task<CommandResult> FindMeAsync(string[] arguments, string input, params (string Name, string Value)[] environment)
    {
        var result = await RunAsync("dotnet", [Program, .. arguments], input, environment);

        // Users must never see a stack trace.
        Assert.DoesNotContain("   at ", result.Errors, StringComparison.Ordinal);
        return result;
    }

    /// <summary>The command line of <c>findme</c>, for use in a shell.</summary>
    public static string[] CommandOf(params string[] arguments) => ["dotnet", Program, .. arguments];

    /// <summary>Runs <c>findme</c> with an empty PATH.</summary>
    public static async Task<CommandResult> WithoutPathAsync(params string[] arguments)
    {
        using var empty = new TemporaryFolder();
        return await RunAsync(DotnetPath, [Program, .. arguments], "", ("PATH", empty.Path));
    }

    /// <summary>Runs <c>findme</c> as an unprivileged user.</summary>
    public static Task<CommandResult> UnprivilegedAsync(params string[] arguments) => Environment.UserName == "root"
        ? RunAsync("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", DotnetPath, Program, .. arguments])
        : RunAsync(DotnetPath, [Program, .. arguments]);

    // Absolute, for processes without a PATH.
    private static string DotnetPath => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator).Select(folder => Path.Combine(folder, "dotnet")).First(File.Exists);

    public static async Task<CommandResult> RunAsync(string program, string[] arguments, string input = "", params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        end.CancelAfter(Timeout);
        await using var kill = end.Token.Register(() => process.Kill(entireProcessTree: true));
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(end.Token), process.StandardError.ReadToEndAsync(end.Token));
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync(end.Token);
        return new CommandResult(process.ExitCode, await output, await errors);
    }
}
