using System.ComponentModel;
using System.Diagnostics;

namespace LocalDapr;

/// <summary>A program to run, such as an app of a run file.</summary>
/// <param name="Name">Prefix of its output lines.</param>
/// <param name="Command">Program and arguments.</param>
/// <param name="DirectoryPath">Its working directory.</param>
/// <param name="Environment">Variables added to this process's own environment.</param>
public sealed record AppProcess(string Name, IReadOnlyList<string> Command, string DirectoryPath, IReadOnlyDictionary<string, string> Environment)
{
    /// <summary>Health endpoint that returns 2xx when the app is ready. Default null: no health check.</summary>
    public Uri? Health { get; init; }

    /// <summary>Whether to restart the app when it exits. Default false, as with <c>dapr run</c>.</summary>
    public bool Restarts { get; init; }

    /// <summary>Whether closing its standard input stops the app. Default false: SIGTERM stops it; on Windows it is killed.</summary>
    public bool EndsWithInput { get; init; }
}

/// <summary>The status of an app's process.</summary>
/// <param name="App">The app.</param>
/// <param name="Id">The process id; null while it is not running.</param>
/// <param name="Restarts">Number of restarts.</param>
public sealed record ProcessStatus(AppProcess App, int? Id, int Restarts);

/// <summary>An app failed to start or to stay running.</summary>
/// <param name="message">Names the app and the reason.</param>
public sealed class AppProcessException(string message) : Exception(message);

/// <summary>Runs apps as child processes, and stops them when disposed of.</summary>
/// <param name="output">Receives the process's name and each line that it prints.</param>
public sealed class AppProcesses(Action<string, string> output) : IAsyncDisposable
{
    // Gives up on an app that exits this often without ever being healthy.
    private const int MaxFailedStarts = 5;

    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(120);

    // Longer than the 5 s shutdown timeout of .NET apps; with the sidecar's 6 s afterwards the whole shutdown stays below 15 s.
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(7);

    private readonly CancellationTokenSource _end = new();
    private readonly List<Entry> _all = [];

    /// <summary>Returns the status of every process.</summary>
    public IReadOnlyList<ProcessStatus> Read() => [.. _all.Select(entry => new ProcessStatus(entry.App, entry.Process?.Id, entry.Restarts))];

    /// <summary>Returns the processes that are running now.</summary>
    public IReadOnlyList<(string Name, int Id)> Running() => [.. Read().Where(process => process.Id is not null).Select(process => (process.App.Name, process.Id!.Value))];

    /// <summary>Starts an app.</summary>
    /// <exception cref="AppProcessException">Its command cannot be started.</exception>
    public void Start(AppProcess app)
    {
        var entry = new Entry(app);
        var process = Launch(app);
        _all.Add(entry);
        entry.Ended = KeepAsync(entry, process);
    }

    /// <summary>Waits until every app is healthy, up to 120 s.</summary>
    /// <exception cref="AppProcessException">An app is not healthy in time, or keeps exiting.</exception>
    public async Task WaitUntilHealthyAsync(CancellationToken cancellationToken)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(2) };
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(StartTimeout);
        try
        {
            await Task.WhenAll(_all.Select(entry => WaitUntilHealthyAsync(http, entry, deadline.Token)));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new AppProcessException($"the apps were not healthy within {StartTimeout.TotalSeconds:0} s.");
        }
    }

    /// <summary>Completes when the first app has ended for good.</summary>
    /// <exception cref="AppProcessException">An app keeps exiting.</exception>
    public async Task WaitAsync(CancellationToken cancellationToken) =>
        await await Task.WhenAny(_all.Select(entry => entry.Ended)).WaitAsync(cancellationToken);

    /// <summary>Kills a process, to simulate a crash.</summary>
    public void Kill(string name)
    {
        try
        {
            Find(name).Process?.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has already exited.
        }
    }

    /// <summary>Stops a process for good, as a scale-in does, and waits until it has exited.</summary>
    public async Task EndAsync(string name)
    {
        var entry = Find(name);
        await entry.End.CancelAsync();
        await entry.Ended;
    }

    /// <summary>Stops all processes, and kills those still running after 7 s.</summary>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        foreach (var entry in _all)
        {
            await entry.Ended.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            entry.End.Dispose();
        }

        _end.Dispose();
    }

    private static async Task WaitUntilHealthyAsync(HttpClient http, Entry entry, CancellationToken cancellationToken)
    {
        while (!entry.WasHealthy && entry.App.Health is { } health)
        {
            if (entry.Ended.IsCompleted)
            {
                await entry.Ended;
            }

            try
            {
                using var response = await http.GetAsync(health, cancellationToken);
                entry.WasHealthy = response.IsSuccessStatusCode;
            }
            catch (Exception exception) when (exception is HttpRequestException || (exception is TaskCanceledException && !cancellationToken.IsCancellationRequested))
            {
                // Not listening yet.
            }

            await Task.Delay(50, cancellationToken);
        }
    }

    private Entry Find(string name) => _all.Single(entry => entry.App.Name == name);

    private async Task KeepAsync(Entry entry, Process process)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(_end.Token, entry.End.Token);
        for (var starts = 1; ; starts++)
        {
            var started = Stopwatch.GetTimestamp();
            entry.Restarts = starts - 1;
            entry.Process = process;
            var exitCode = await RunAsync(entry.App, process, end.Token);
            entry.Process = null;
            process.Dispose();
            if (end.IsCancellationRequested)
            {
                return;
            }

            var app = entry.App;
            if (app.Restarts && !entry.WasHealthy && starts >= MaxFailedStarts)
            {
                throw new AppProcessException($"{app.Name} keeps exiting with code {exitCode}: see its log.");
            }

            output(app.Name, $"warn: exited with code {exitCode}{(app.Restarts ? "; restarting" : "")}");
            if (!app.Restarts)
            {
                return;
            }

            if (Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(10))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(5_000, 100 * starts)), end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (end.IsCancellationRequested)
                {
                    return;
                }
            }

            process = Launch(app);
        }
    }

    private static Process Launch(AppProcess app)
    {
        var start = new ProcessStartInfo(app.Command[0], app.Command.Skip(1))
        {
            WorkingDirectory = app.DirectoryPath,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // These would override the ports, if this process's environment has them.
        start.Environment.Remove("DAPR_HTTP_ENDPOINT");
        start.Environment.Remove("DAPR_GRPC_ENDPOINT");
        foreach (var (name, value) in app.Environment)
        {
            start.Environment[name] = value;
        }

        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception failure)
        {
            throw new AppProcessException($"Failed to start {app.Name} with '{app.Command[0]}': {failure.Message}.");
        }
    }

    private async Task<int> RunAsync(AppProcess app, Process process, CancellationToken end)
    {
        process.OutputDataReceived += (_, line) => Write(line.Data);
        process.ErrorDataReceived += (_, line) => Write(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await process.WaitForExitAsync(end).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (end.IsCancellationRequested)
        {
            if (app.EndsWithInput)
            {
                process.StandardInput.Close();
            }
            else if (!OperatingSystem.IsWindows() && !process.HasExited)
            {
                using var signal = Process.Start("kill", ["-TERM", $"{process.Id}"]);
                await signal.WaitForExitAsync(CancellationToken.None);
            }

            using var deadline = new CancellationTokenSource(app.EndsWithInput || !OperatingSystem.IsWindows() ? EndTimeout : TimeSpan.Zero);
            await process.WaitForExitAsync(deadline.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }

            await process.WaitForExitAsync(CancellationToken.None);
        }

        return process.ExitCode;

        void Write(string? line)
        {
            if (line is not null)
            {
                output(app.Name, line);
            }
        }
    }

    private sealed class Entry(AppProcess app)
    {
        public AppProcess App => app;

        /// <summary>Stops this process only.</summary>
        public CancellationTokenSource End { get; } = new();

        public Task Ended { get; set; } = Task.CompletedTask;

        public bool WasHealthy { get; set; }

        public int Restarts { get; set; }

        public Process? Process { get; set; }
    }
}
