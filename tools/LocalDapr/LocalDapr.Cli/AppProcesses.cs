using System.ComponentModel;
using System.Diagnostics;

namespace LocalDapr.Cli;

/// <summary>The commands of a run file as processes. One that ends is not started again, as with <c>dapr run</c>.</summary>
internal sealed class AppProcesses : IAsyncDisposable
{
    // What an app gets to end after its signal; then it is killed.
    private static readonly TimeSpan EndTime = TimeSpan.FromSeconds(5);

    private readonly List<(Process Process, Task Ended)> _processes = [];

    /// <summary>Starts the apps that have a command.</summary>
    /// <param name="apps">The apps of the run file.</param>
    /// <param name="sidecar">Where their sidecars listen.</param>
    /// <exception cref="SidecarConfigurationException">A command cannot be started.</exception>
    public static AppProcesses Start(IReadOnlyList<RunFileApp> apps, LocalSidecar sidecar)
    {
        var running = new AppProcesses();
        try
        {
            foreach (var app in apps.Where(app => app.Command.Count > 0))
            {
                running._processes.Add(Start(app, sidecar));
            }

            return running;
        }
        catch
        {
            running._processes.ForEach(entry => entry.Process.Kill(entireProcessTree: true));
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_processes.Select(entry => EndAsync(entry.Process)));
        await Task.WhenAll(_processes.Select(entry => entry.Ended));
        _processes.ForEach(entry => entry.Process.Dispose());
    }

    private static (Process Process, Task Ended) Start(RunFileApp app, LocalSidecar sidecar)
    {
        var start = new ProcessStartInfo(app.Command[0], app.Command.Skip(1)) { WorkingDirectory = app.DirectoryPath, RedirectStandardOutput = true, RedirectStandardError = true };
        // An address of another Dapr, in the environment of this process, would win over the ports.
        start.Environment.Remove("DAPR_HTTP_ENDPOINT");
        start.Environment.Remove("DAPR_GRPC_ENDPOINT");
        start.Environment["APP_ID"] = app.AppId;
        start.Environment["APP_PROTOCOL"] = "http";
        start.Environment["DAPR_HTTP_PORT"] = $"{sidecar.EndpointOf(app.AppId).Port}";
        start.Environment["DAPR_GRPC_PORT"] = $"{sidecar.GrpcEndpointOf(app.AppId).Port}";
        if (app.AppPort is { } port)
        {
            start.Environment["APP_PORT"] = $"{port}";
        }

        foreach (var (name, value) in app.Environment)
        {
            start.Environment[name] = value;
        }

        try
        {
            var process = Process.Start(start)!;
            process.OutputDataReceived += (_, line) => Write(line.Data);
            process.ErrorDataReceived += (_, line) => Write(line.Data);
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            return (process, TellEndAsync(process));
        }
        catch (Win32Exception failure)
        {
            throw new SidecarConfigurationException($"{app.Command[0]}, the command of {app.AppId}, cannot be started: {failure.Message}.", failure);
        }

        async Task TellEndAsync(Process process)
        {
            await process.WaitForExitAsync();
            Write($"ended with exit code {process.ExitCode}");
        }

        void Write(string? line)
        {
            if (line is not null)
            {
                Console.WriteLine($"{app.AppId}: {line}");
            }
        }
    }

    private static async Task EndAsync(Process process)
    {
        if (!process.HasExited && !OperatingSystem.IsWindows())
        {
            using var signal = Process.Start("kill", ["-TERM", $"{process.Id}"]);
            await signal.WaitForExitAsync();
            using var deadline = new CancellationTokenSource(EndTime);
            await process.WaitForExitAsync(deadline.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }
    }
}
