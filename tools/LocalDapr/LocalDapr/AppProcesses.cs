using System.ComponentModel;
using System.Diagnostics;

namespace LocalDapr;

/// <summary>A program to run, such as an app of a run file.</summary>
/// <param name="Name">What its output is called by.</param>
/// <param name="Command">Program and arguments.</param>
/// <param name="DirectoryPath">Its working directory.</param>
/// <param name="Environment">What is added to the environment of this process.</param>
public sealed record AppProcess(string Name, IReadOnlyList<string> Command, string DirectoryPath, IReadOnlyDictionary<string, string> Environment)
{
    /// <summary>Answers 2xx when the app is ready. Default null: nobody asks.</summary>
    public Uri? Health { get; init; }

    /// <summary>Whether it is started again when it ends by itself. Default false, as with <c>dapr run</c>.</summary>
    public bool Restarts { get; init; }

    /// <summary>Whether the end of its standard input tells it to end. Default false: SIGTERM does, as on every platform; on Windows it is killed.</summary>
    public bool EndsWithInput { get; init; }
}

/// <summary>How a process does.</summary>
/// <param name="App">What it runs.</param>
/// <param name="Id">The process's id; null while it does not run.</param>
/// <param name="Restarts">How often it was started again.</param>
public sealed record ProcessStatus(AppProcess App, int? Id, int Restarts);

/// <summary>An app cannot be started, or not be kept running.</summary>
/// <param name="message">Which one, and why.</param>
public sealed class AppProcessException(string message) : Exception(message);

/// <summary>Apps as processes of their own. They end when this is disposed of.</summary>
/// <param name="output">Takes each line that a process prints, after the process's name.</param>
public sealed class AppProcesses(Action<string, string> output) : IAsyncDisposable
{
    // An app that ends this often before it was ever healthy will not get better by itself.
    private const int MaxFailedStarts = 5;

    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(120);

    // Longer than the 5 s after which an app of .NET that does not end kills itself; with the sidecar's 6 s, which follow, it stays below 15 s.
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(7);

    private readonly CancellationTokenSource _end = new();
    private readonly List<Entry> _all = [];

    /// <summary>The processes.</summary>
    public IReadOnlyList<ProcessStatus> Read() => [.. _all.Select(entry => new ProcessStatus(entry.App, entry.Process?.Id, entry.Restarts))];

    /// <summary>The processes that run at this moment.</summary>
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

    /// <summary>Waits until every app answers.</summary>
    /// <exception cref="AppProcessException">One of them does not, or ends as often as it is started.</exception>
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
            throw new AppProcessException($"the apps were not ready after {StartTimeout.TotalSeconds:0} s.");
        }
    }

    /// <summary>Waits for as long as the apps can be kept running.</summary>
    /// <exception cref="AppProcessException">One of them cannot.</exception>
    public async Task WaitAsync(CancellationToken cancellationToken) =>
        await await Task.WhenAny(_all.Select(entry => entry.Ended)).WaitAsync(cancellationToken);

    /// <summary>Ends a process at once, as a crash would.</summary>
    public void Kill(string name)
    {
        try
        {
            Find(name).Process?.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself already.
        }
    }

    /// <summary>Tells a process to end, as a scale-in does, and waits until it has; it is not started again.</summary>
    public async Task EndAsync(string name)
    {
        var entry = Find(name);
        await entry.End.CancelAsync();
        await entry.Ended;
    }

    /// <summary>Tells all processes to end and waits until they have, 7 s at most.</summary>
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
                using var answer = await http.GetAsync(health, cancellationToken);
                entry.WasHealthy = answer.IsSuccessStatusCode;
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
            var begun = Stopwatch.GetTimestamp();
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
                throw new AppProcessException($"{app.Name} ends with exit code {exitCode} as often as it is started.");
            }

            output(app.Name, $"warn: ended with exit code {exitCode}{(app.Restarts ? ": starting it again" : "")}");
            if (!app.Restarts)
            {
                return;
            }

            if (Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(10))
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
        // An address of another Dapr, in the environment of this process, would win over the ports.
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
            throw new AppProcessException($"{app.Command[0]}, the command of {app.Name}, cannot be started: {failure.Message}.");
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
            // The app's sign to finish what it does and go.
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

    /// <summary>One process and how it does.</summary>
    private sealed class Entry(AppProcess app)
    {
        public AppProcess App => app;

        /// <summary>Ends this one alone.</summary>
        public CancellationTokenSource End { get; } = new();

        public Task Ended { get; set; } = Task.CompletedTask;

        public bool WasHealthy { get; set; }

        public int Restarts { get; set; }

        public Process? Process { get; set; }
    }
}
