using System.ComponentModel;
using System.Diagnostics;

namespace FindMe.Local;

/// <summary>One process of an app.</summary>
/// <param name="Name">The name of its log.</param>
/// <param name="App">The app's Dapr id.</param>
/// <param name="Alive">It runs.</param>
/// <param name="Restarts">How often it was started again.</param>
internal sealed record ProcessStatus(string Name, string App, bool Alive, int Restarts);

/// <summary>The apps as processes of their own, started again when they end. They end when this process does, however it ends.</summary>
internal sealed class AppProcesses(string logs, bool echo) : IAsyncDisposable
{
    // An app that ends this often before it was ever healthy will not get better by itself.
    private const int MaxFailedStarts = 5;

    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(120);

    // Longer than the 5 s after which an app that does not end kills itself. With the sidecar's 6 s, which follow, and the 1 s of the imitated
    // networks it stays below the 15 s in which this program ends.
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(7);

    private readonly CancellationTokenSource _end = new();
    private readonly List<App> _apps = [];

    /// <summary>Starts an app and keeps it running.</summary>
    /// <param name="name">The name of its log.</param>
    /// <param name="command">Program and arguments.</param>
    /// <param name="directory">Its working directory.</param>
    /// <param name="environment">What is added to this process's environment.</param>
    /// <param name="health">Answers 2xx when the app is ready.</param>
    /// <param name="endsBySignal">Whether SIGTERM tells it to end, as platforms do; otherwise the end of its input does.</param>
    public void Start(
        string name, IReadOnlyList<string> command, string directory, IReadOnlyDictionary<string, string> environment, Uri health, bool endsBySignal = false)
    {
        var app = new App(name, command, directory, environment, health, endsBySignal);
        _apps.Add(app);
        app.Running = KeepRunningAsync(app);
    }

    /// <summary>Waits until every app answers.</summary>
    /// <exception cref="StartException">One of them does not.</exception>
    public async Task WaitUntilHealthyAsync(CancellationToken cancellationToken)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(2) };
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(StartTimeout);
        try
        {
            await Task.WhenAll(_apps.Select(app => WaitUntilHealthyAsync(http, app, deadline.Token)));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new StartException($"the apps were not ready after {StartTimeout.TotalSeconds:0} s. Their logs lie in {logs}.");
        }
    }

    /// <summary>How the processes do at this moment.</summary>
    public IReadOnlyList<ProcessStatus> Read() => [.. _apps.Select(app => new ProcessStatus(app.Name, app.Environment["APP_ID"], app.Process is not null, app.Restarts))];

    /// <summary>Waits for as long as the apps can be kept running.</summary>
    /// <exception cref="StartException">One of them cannot.</exception>
    public async Task WaitAsync(CancellationToken cancellationToken) =>
        await await Task.WhenAny(_apps.Select(app => app.Running)).WaitAsync(cancellationToken);

    /// <summary>The processes that run at this moment.</summary>
    public IReadOnlyList<(string Name, int Id)> Running() => [.. _apps.Where(app => app.Process is not null).Select(app => (app.Name, app.Process!.Id))];

    /// <summary>Ends an app's process at once, as a crash would; it is then started again.</summary>
    /// <param name="name">The name of its log.</param>
    public void Kill(string name)
    {
        try
        {
            _apps.Single(app => app.Name == name).Process?.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself already.
        }
    }

    /// <summary>Starts one more process of an app, on ports of its own choice: for tests of what several replicas do.</summary>
    /// <param name="name">The name of the log of the app's process.</param>
    /// <param name="copy">The name of the new one's log.</param>
    public void StartCopyOf(string name, string copy)
    {
        var app = _apps.Single(app => app.Name == name);
        var environment = new Dictionary<string, string>(app.Environment) { ["ASPNETCORE_URLS"] = "http://127.0.0.1:0", ["APP_PORT"] = "" };
        Start(copy, app.Command, app.Directory, environment, app.Health);
    }

    /// <summary>Ends an app's process as a scale-in does: it is told to end, and not started again.</summary>
    /// <param name="name">The name of its log.</param>
    public async Task EndAsync(string name)
    {
        var app = _apps.Single(app => app.Name == name);
        await app.Ended.CancelAsync();
        await app.Running;
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        foreach (var app in _apps)
        {
            try
            {
                await app.Running;
            }
            catch (StartException)
            {
                // Told already.
            }
        }

        _end.Dispose();
    }

    private static async Task WaitUntilHealthyAsync(HttpClient http, App app, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (app.Running.IsCompleted)
            {
                await app.Running;
            }

            try
            {
                using var answer = await http.GetAsync(app.Health, cancellationToken);
                if (answer.IsSuccessStatusCode)
                {
                    app.WasHealthy = true;
                    return;
                }
            }
            catch (Exception exception) when (exception is HttpRequestException || (exception is TaskCanceledException && !cancellationToken.IsCancellationRequested))
            {
                // Not listening yet.
            }

            await Task.Delay(50, cancellationToken);
        }
    }

    private async Task KeepRunningAsync(App app)
    {
        using var log = new AppLog(logs, app.Name, echo);
        for (var starts = 1; ; starts++)
        {
            var watch = Stopwatch.StartNew();
            app.Restarts = starts - 1;
            var exitCode = await RunAsync(app, log);
            if (_end.IsCancellationRequested || app.Ended.IsCancellationRequested)
            {
                return;
            }

            if (!app.WasHealthy && starts >= MaxFailedStarts)
            {
                throw new StartException($"{app.Name} ends with exit code {exitCode} as often as it is started. Its log: {Path.Combine(logs, app.Name + ".log")}");
            }

            if (echo)
            {
                Console.WriteLine($"{app.Name} ended with exit code {exitCode}: starting it again.");
            }

            if (watch.Elapsed < TimeSpan.FromSeconds(10))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(5_000, 100 * starts)), _end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (_end.IsCancellationRequested)
                {
                    return;
                }
            }
        }
    }

    private async Task<int> RunAsync(App app, AppLog log)
    {
        var start = new ProcessStartInfo(app.Command[0], app.Command.Skip(1))
        {
            WorkingDirectory = app.Directory,
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

        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception exception)
        {
            throw new StartException($"{app.Command[0]} cannot be started: {exception.Message}.");
        }

        using (process)
        {
            app.Process = process;
            process.OutputDataReceived += (_, line) => Write(line.Data);
            process.ErrorDataReceived += (_, line) => Write(line.Data);
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            try
            {
                using var ended = CancellationTokenSource.CreateLinkedTokenSource(_end.Token, app.Ended.Token);
                await process.WaitForExitAsync(ended.Token);
            }
            catch (OperationCanceledException)
            {
                // The app's sign to finish what it does and go.
                if (app.EndsBySignal)
                {
                    using var signal = Process.Start("kill", ["-TERM", $"{process.Id}"]);
                    await signal.WaitForExitAsync(CancellationToken.None);
                }
                else
                {
                    process.StandardInput.Close();
                }

                using var patience = new CancellationTokenSource(EndTimeout);
                try
                {
                    await process.WaitForExitAsync(patience.Token);
                }
                catch (OperationCanceledException)
                {
                    process.Kill(entireProcessTree: true);
                    await process.WaitForExitAsync(CancellationToken.None);
                }
            }

            app.Process = null;
            return process.ExitCode;
        }

        void Write(string? line)
        {
            if (line is not null)
            {
                log.Write(line);
            }
        }
    }

    /// <summary>One process and how it is run.</summary>
    private sealed class App(
        string name, IReadOnlyList<string> command, string directory, IReadOnlyDictionary<string, string> environment, Uri health, bool endsBySignal)
    {
        public string Name => name;

        public IReadOnlyList<string> Command => command;

        public string Directory => directory;

        public IReadOnlyDictionary<string, string> Environment => environment;

        public Uri Health => health;

        public bool EndsBySignal => endsBySignal;

        /// <summary>Ends this app alone.</summary>
        public CancellationTokenSource Ended { get; } = new();

        public bool WasHealthy { get; set; }

        public int Restarts { get; set; }

        public Process? Process { get; set; }

        public Task Running { get; set; } = Task.CompletedTask;
    }
}
