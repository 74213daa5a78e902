using System.Diagnostics;

namespace FindMe.Recognition.Tests;

/// <summary>What a command said.</summary>
internal sealed record Said(int Code, string Output, string Errors)
{
    public IReadOnlyList<string> Lines { get; } = Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}

/// <summary>Runs <c>findme</c> as a user does: as a process, with pipes.</summary>
internal static class Shell
{
    private static readonly string Program = Path.Combine(Checkouts.Root, "artifacts", "bin", "FindMe.Cli", "release", "findme.dll");

    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(3);

    public static Task<Said> FindMeAsync(params string[] arguments) => FindMeAsync(arguments, input: "");

    public static async Task<Said> FindMeAsync(string[] arguments, string input, params (string Name, string Value)[] environment)
    {
        var said = await RunAsync("dotnet", [Program, .. arguments], input, environment);

        // Whatever goes wrong, nobody wants to see where in our code.
        Assert.DoesNotContain("   at ", said.Errors, StringComparison.Ordinal);
        return said;
    }

    /// <summary>The words of a command line, for a shell.</summary>
    public static string[] CommandOf(params string[] arguments) => ["dotnet", Program, .. arguments];

    /// <summary>As <see cref="FindMeAsync(string[])"/>, on a machine on which no program is found by its name.</summary>
    public static async Task<Said> WithoutPathAsync(params string[] arguments)
    {
        using var empty = new TemporaryFolder();
        return await RunAsync(DotnetPath, [Program, .. arguments], "", ("PATH", empty.Path));
    }

    /// <summary>As <see cref="FindMeAsync(string[])"/>, as somebody who may read only what everybody may.</summary>
    public static Task<Said> WithoutRightsAsync(params string[] arguments) => Environment.UserName == "root"
        ? RunAsync("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", DotnetPath, Program, .. arguments])
        : RunAsync(DotnetPath, [Program, .. arguments]);

    // In full, for processes that start without PATH.
    private static string DotnetPath => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator).Select(folder => Path.Combine(folder, "dotnet")).First(File.Exists);

    public static async Task<Said> RunAsync(string program, string[] arguments, string input = "", params (string Name, string Value)[] environment)
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
        return new Said(process.ExitCode, await output, await errors);
    }
}
