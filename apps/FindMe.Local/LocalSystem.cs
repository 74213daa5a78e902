using LocalDapr;
using Microsoft.Extensions.Logging;

namespace FindMe.Local;

/// <summary>What a local system runs.</summary>
internal sealed record LocalSystemOptions
{
    /// <summary>Where <c>dapr.yaml</c>, the components, the models and the built apps lie.</summary>
    public required Checkout Checkout { get; init; }

    /// <summary>Where everything is kept.</summary>
    public required string DataPath { get; init; }

    /// <summary>Folders of photos.</summary>
    public required IReadOnlyList<string> Albums { get; init; }

    /// <summary>The page's port; default 0: any that is free.</summary>
    public int Port { get; init; }

    /// <summary>Compare processes; default 1.</summary>
    public int Replicas { get; init; } = 1;

    /// <summary>Further settings of the apps, as environment variables.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>Components in place of those that <c>dapr.yaml</c> names; null: those.</summary>
    public string? ResourcesPath { get; init; }

    /// <summary>Whether warnings and errors stand on the console too, not only in the logs; default true.</summary>
    public bool Echo { get; init; } = true;

    /// <summary>Writes a line to the console; default as it is.</summary>
    public Action<string> Say { get; init; } = Console.WriteLine;

    /// <summary>What the sidecar does where brokers and stores differ; default its own rules.</summary>
    public SidecarRules Rules { get; init; } = SidecarRules.Default;

    /// <summary>Apps that are not started with the others, but by <see cref="LocalSystem.StartHeldAsync"/>.</summary>
    public IReadOnlyList<string> Held { get; init; } = [];

    /// <summary>Stands in every call and delivery, for tests; null: nobody.</summary>
    public ISidecarInterceptor? Interceptor { get; init; }
}

/// <summary>The apps of <c>dapr.yaml</c> as processes, with one sidecar for all of them in this process.</summary>
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

    /// <summary>Where the page is.</summary>
    public Uri Page { get; }

    /// <summary>The sidecar: its traffic and its database.</summary>
    public LocalSidecar Sidecar { get; }

    /// <summary>Shows how everything does; null until the apps answer.</summary>
    public SystemView? View { get; private set; }

    /// <summary>The apps.</summary>
    public AppProcesses Processes { get; }

    /// <summary>What the apps show the sidecar.</summary>
    public string DaprApiToken { get; }

    /// <summary>Starts everything and waits until the apps answer.</summary>
    /// <param name="options">What to run.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="StartException">The folder cannot be written.</exception>
    /// <exception cref="AppProcessException">An app does not get ready.</exception>
    /// <exception cref="SidecarDataException">The data cannot be used.</exception>
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

    /// <summary>Makes a folder that only this user may read, unless it is there already.</summary>
    /// <exception cref="StartException">It cannot be made.</exception>
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
                // Keys and logs are nobody else's business. A folder that is there already stays as its owner wants it.
                Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }

            return path;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StartException($"{path} cannot be made ({exception.Message.TrimEnd('.')}). Choose a folder with free space that you may write to: --data DIR.");
        }
    }

    /// <summary>Ends the apps, then the sidecar.</summary>
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
