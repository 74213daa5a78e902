using LocalDapr;
using Microsoft.Extensions.Logging;

namespace FindMe.Local;

/// <summary>The options of a local system.</summary>
internal sealed record LocalSystemOptions
{
    /// <summary>The checkout with <c>dapr.yaml</c>, the components, the models and the built apps.</summary>
    public required Checkout Checkout { get; init; }

    /// <summary>The data folder.</summary>
    public required string DataPath { get; init; }

    /// <summary>Folders of photos to offer as albums.</summary>
    public required IReadOnlyList<string> Albums { get; init; }

    /// <summary>The page's port. Default 0: any free one.</summary>
    public int Port { get; init; }

    /// <summary>The number of Compare processes. Default 1.</summary>
    public int Replicas { get; init; } = 1;

    /// <summary>Additional environment variables of the apps.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>The folder of the components; null for the one that <c>dapr.yaml</c> names.</summary>
    public string? ResourcesPath { get; init; }

    /// <summary>Whether to copy warnings and errors from the logs to the console. Default true.</summary>
    public bool Echo { get; init; } = true;

    /// <summary>Writes a line to the console. Default: <see cref="Console.WriteLine(string)"/>.</summary>
    public Action<string> Say { get; init; } = Console.WriteLine;

    /// <summary>How the sidecar behaves where brokers and stores differ. Default: the local sidecar's own rules.</summary>
    public SidecarRules Rules { get; init; } = SidecarRules.Default;

    /// <summary>Apps that do not start with the others, but with <see cref="LocalSystem.StartHeldAsync"/>.</summary>
    public IReadOnlyList<string> Held { get; init; } = [];

    /// <summary>Intercepts every call and delivery, for tests; null for none.</summary>
    public ISidecarInterceptor? Interceptor { get; init; }
}

/// <summary>Runs the apps of <c>dapr.yaml</c> as processes, with one sidecar for all of them in this process.</summary>
internal sealed class LocalSystem : IAsyncDisposable
{
    internal const string PageApp = "findme-api";
    internal const string ReplicatedApp = "findme-compare";

    private readonly AppLogs _logs;
    private readonly ILoggerFactory _loggers;
    private readonly List<AppProcess> _held = [];

    private LocalSystem(Uri page, LocalSidecar sidecar, string daprApiToken, AppLogs logs, ILoggerFactory loggers)
    {
        Page = page;
        Sidecar = sidecar;
        DaprApiToken = daprApiToken;
        Processes = new AppProcesses(logs.Write);
        _logs = logs;
        _loggers = loggers;
    }

    /// <summary>The page's address.</summary>
    public Uri Page { get; }

    /// <summary>The sidecar, with its traffic and its database.</summary>
    public LocalSidecar Sidecar { get; }

    /// <summary>The status page; null until the apps answer.</summary>
    public SystemView? View { get; private set; }

    /// <summary>The apps' processes.</summary>
    public AppProcesses Processes { get; }

    /// <summary>The token that apps send to the sidecar.</summary>
    public string DaprApiToken { get; }

    /// <summary>Starts everything and waits until the apps answer.</summary>
    /// <param name="options">The options.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="StartException">The data folder cannot be written.</exception>
    /// <exception cref="AppProcessException">An app does not become ready.</exception>
    /// <exception cref="SidecarDataException">The stored data cannot be used.</exception>
    public static async Task<LocalSystem> StartAsync(LocalSystemOptions options, CancellationToken cancellationToken)
    {
        var checkout = options.Checkout;
        var environments = new AppEnvironment(options);
        var runFile = RunFile.Load(checkout.RunFile);
        var taken = new HashSet<int>();
        var page = options.Port == 0 ? Ports.TakeFree(taken) : options.Port;
        taken.Add(page);
        var ports = runFile.Apps.ToDictionary(
            app => app.AppId,
            app => Enumerable.Range(0, app.AppId == ReplicatedApp ? options.Replicas : 1).Select(_ => Ports.TakeFree(taken)).ToArray());

        var logs = new AppLogs(environments.Logs, options.Echo ? options.Say : null);
        var loggers = LoggerFactory.Create(logging => logging.AddProvider(logs).AddFilter("Microsoft", LogLevel.Warning).AddFilter("Grpc", LogLevel.Warning));
        var sidecar = await LocalSidecar.StartAsync(
            new SidecarOptions
            {
                DataPath = options.DataPath,
                ResourcesPath = options.ResourcesPath ?? runFile.ResourcesPath ?? Path.Combine(checkout.Root, "components"),
                Apps = [.. runFile.Apps.Select(app => new SidecarApp(app.AppId, 0, ports[app.AppId], app.MaxConcurrency))],
                DaprApiToken = environments.DaprApiToken,
                AppApiToken = environments.AppApiToken,
                Tracing = true,
                LoggerFactory = loggers,
                Rules = options.Rules,
                Interceptor = options.Interceptor,
            },
            cancellationToken);

        var system = new LocalSystem(new Uri($"http://localhost:{page}"), sidecar, environments.DaprApiToken, logs, loggers);
        try
        {
            foreach (var app in runFile.Apps)
            {
                var daprPorts = (Http: sidecar.EndpointOf(app.AppId).Port, Grpc: sidecar.GrpcEndpointOf(app.AppId).Port);
                for (var replica = 0; replica < ports[app.AppId].Length; replica++)
                {
                    var appPort = ports[app.AppId][replica];
                    var environment = environments.Of(app, appPort, app.AppId == PageApp ? page : null, daprPorts);
                    var log = ports[app.AppId].Length > 1 ? $"{app.AppId}-{replica + 1}" : app.AppId;
                    var process = new AppProcess(log, app.Command, app.DirectoryPath, environment)
                    {
                        Health = new Uri($"http://127.0.0.1:{appPort}/healthz"),
                        Restarts = true,
                        EndsWithInput = true,
                    };
                    Action<AppProcess> start = options.Held.Contains(app.AppId) ? system._held.Add : system.Processes.Start;
                    start(process);
                }
            }

            await system.Processes.WaitUntilHealthyAsync(cancellationToken);
            system.View = await SystemView.StartAsync(system.Processes, sidecar);
            return system;
        }
        catch
        {
            await system.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the apps that were held back, and waits until they answer.</summary>
    public Task StartHeldAsync(CancellationToken cancellationToken)
    {
        _held.ForEach(Processes.Start);
        _held.Clear();
        return Processes.WaitUntilHealthyAsync(cancellationToken);
    }

    /// <summary>Creates a folder that only this user may read, unless it exists.</summary>
    /// <exception cref="StartException">The folder cannot be created.</exception>
    public static string CreateFolder(string path)
    {
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(path);
            }
            else
            {
                // Keys and logs are private. An existing folder keeps its permissions.
                Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }

            return path;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StartException($"{path} cannot be created ({exception.Message.TrimEnd('.')}). Choose a writable folder with free space: --data DIR.");
        }
    }

    /// <summary>Stops the apps, then the sidecar.</summary>
    public async ValueTask DisposeAsync()
    {
        if (View is not null)
        {
            await View.DisposeAsync();
        }

        await Processes.DisposeAsync();
        await Sidecar.DisposeAsync();
        _loggers.Dispose();
        _logs.Dispose();
    }
}
