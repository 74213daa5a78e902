// daprd's command line → one app's sidecar in this process, until Ctrl-C, SIGTERM or /v1.0/shutdown.
using System.CommandLine;
using LocalDapr;
using LocalDapr.Cli;

if (OpenFileLimit.Problem() is { } problem)
{
    Console.Error.WriteLine($"The sidecar cannot run: {problem}");
    return 1;
}

// StandaloneRun handles the signals: the library would cut the end off after two seconds.
return await DaprdCommand.Create().Parse(DaprdCommand.WithTwoDashes(args)).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
