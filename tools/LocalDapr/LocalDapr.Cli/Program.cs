// daprd's command line, or a dapr.yaml → the sidecars in this process, until Ctrl-C, SIGTERM or a request to shut down.
using System.CommandLine;
using LocalDapr;
using LocalDapr.Cli;

if (OpenFileLimit.Problem() is { } problem)
{
    Console.Error.WriteLine($"The sidecar cannot run: {problem}");
    return 1;
}

// SidecarRun handles the signals: the library would cut the end off after two seconds.
return await DaprdCommand.Create().Parse(DaprdCommand.WithTwoDashes(args)).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
