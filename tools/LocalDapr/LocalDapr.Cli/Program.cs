// daprd's flags or a dapr.yaml → sidecars in this process, until Ctrl-C, SIGTERM or a shutdown request.
using System.CommandLine;
using LocalDapr;
using LocalDapr.Cli;

if (OpenFileLimit.Problem() is { } problem)
{
    Console.Error.WriteLine($"The sidecar cannot run: {problem}");
    return 1;
}

// SidecarRun handles the signals, since System.CommandLine would terminate the process after two seconds.
return await DaprdCommand.Create().Parse(DaprdCommand.WithTwoDashes(args)).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
