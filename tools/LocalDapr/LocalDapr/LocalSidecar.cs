using System.Collections.Frozen;
using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Grpc.AspNetCore.Server.Model;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LocalDapr;

/// <summary>Serves Dapr's API to several apps from one process: an HTTP port and a gRPC port per app id, and one broker and state store on SQLite.</summary>
/// <remarks>
/// Acknowledged events and writes survive a crash of the process, but not a power cut. Events are delivered at least once.
/// Every <c>pubsub.*</c> and <c>state.*</c> component is served under its name by the same embedded broker and store, whatever its type.
/// </remarks>
public sealed partial class LocalSidecar : IAsyncDisposable
{
    // Time for deliveries in progress to finish at shutdown, as with daprd.
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(5);

    // Time for requests in progress to finish at shutdown; a publish or a write takes milliseconds.
    private static readonly TimeSpan RequestTime = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan CleanupInterval = TimeSpan.FromMinutes(1);

    // Once an hour: finding month-old events scans the whole message table.
    private const int RoundsPerDeepCleanup = 60;

    private readonly Database _database;
    private readonly Broker _broker;
    private readonly DeclaredResources _resources;
    private readonly SidecarOptions _options;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _aborting = new();
    private readonly List<(Replica Replica, Task Run)> _replicas = [];
    private WebApplication? _server;
    private Task _cleanup = Task.CompletedTask;
    private FrozenDictionary<string, (int Http, int Grpc)> _portsOfApp = FrozenDictionary<string, (int Http, int Grpc)>.Empty;
    private FrozenDictionary<int, AppSide> _appOfPort = FrozenDictionary<int, AppSide>.Empty;
    private int _disposed;

    private LocalSidecar(SidecarOptions options, DeclaredResources resources, Database database, ILogger logger)
    {
        _options = options;
        _resources = resources;
        _database = database;
        _logger = logger;
        _broker = new Broker(database, resources, options, logger);
        Traffic = new SidecarTraffic(options.Apps.Select(app => app.AppId));
    }

    /// <summary>Raised with the app id when an app asks its sidecar to shut down. The sidecar keeps running until it is disposed of.</summary>
    public event EventHandler<string>? ShutdownRequested;

    /// <summary>Counts of the requests and deliveries of each app id.</summary>
    public SidecarTraffic Traffic { get; }

    /// <summary>Reads the number and age of the events that wait for each app on each topic, ordered by app and topic.</summary>
    public IReadOnlyList<QueueStatus> ReadQueues() => _database.Read(SidecarQueues.Read);

    /// <summary>Full path of the SQLite file.</summary>
    public string DatabasePath => _database.Path;

    /// <summary>Says that the file is damaged or its disk fails, and what to do. Null while no such fault was found since the start.</summary>
    public string? DataFault => _database.Fault;

    internal Database Database => _database;

    /// <summary>Returns the replica at one of an app's ports, counted from 0. For tests.</summary>
    internal Replica ReplicaOf(string appId, int index) => _replicas.Where(entry => entry.Replica.AppId == appId).ElementAt(index).Replica;

    /// <summary>Opens the database, listens on the ports and starts connecting to the apps. Apps may start earlier or later.</summary>
    /// <param name="options">What to serve.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    /// <exception cref="SidecarDataException">The data folder cannot be used.</exception>
    /// <exception cref="SidecarPortException">A port is in use or not allowed.</exception>
    /// <exception cref="SidecarConfigurationException">A resource file is invalid.</exception>
    /// <exception cref="ValidationException">A value in <paramref name="options"/> is out of range.</exception>
    public static async Task<LocalSidecar> StartAsync(SidecarOptions options, CancellationToken cancellationToken = default)
    {
        Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
        var logger = options.LoggerFactory.CreateLogger<LocalSidecar>();
        var resources = DeclaredResources.Load([options.ResourcesPath, .. options.MoreResourcesPaths], logger);
        var sidecar = new LocalSidecar(options, resources, Database.Open(options.DataPath, logger), logger);
        try
        {
            await sidecar.StartAsync(cancellationToken);
            return sidecar;
        }
        catch
        {
            await sidecar.DisposeAsync();
            throw;
        }
    }

    /// <summary>Returns the HTTP endpoint of an app's sidecar. The app gets its port as <c>DAPR_HTTP_PORT</c>.</summary>
    /// <param name="appId">One of the app ids of the options.</param>
    /// <exception cref="KeyNotFoundException">The sidecar does not serve <paramref name="appId"/>.</exception>
    public Uri EndpointOf(string appId) => new($"http://127.0.0.1:{_portsOfApp[appId].Http}");

    /// <summary>Returns the gRPC endpoint of an app's sidecar, without TLS. The app gets its port as <c>DAPR_GRPC_PORT</c>.</summary>
    /// <param name="appId">One of the app ids of the options.</param>
    /// <exception cref="KeyNotFoundException">The sidecar does not serve <paramref name="appId"/>.</exception>
    public Uri GrpcEndpointOf(string appId) => new($"http://127.0.0.1:{_portsOfApp[appId].Grpc}");

    /// <summary>Stops delivering events, waits up to 5 s for deliveries and 1 s for requests in progress, and closes the database.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
        {
            return;
        }

        await _stopping.CancelAsync();
        await Task.WhenAll(_replicas.Select(replica => replica.Run));
        // The API stays open meanwhile, so that handlers can save the results of their last events.
        var settled = Task.WhenAll(_replicas.Select(replica => replica.Replica.SettledAsync()));
        await settled.WaitAsync(DrainTime).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _aborting.CancelAsync();
        await settled;
        await _cleanup;
        if (_server is not null)
        {
            using var now = new CancellationTokenSource(RequestTime);
            await _server.StopAsync(now.Token);
            await _server.DisposeAsync();
        }

        foreach (var (replica, _) in _replicas)
        {
            replica.Dispose();
        }

        await _database.DisposeAsync();
        _stopping.Dispose();
        _aborting.Dispose();
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            _broker.Load();
        }
        catch (Microsoft.Data.Sqlite.SqliteException failure)
        {
            throw new SidecarDataException($"Failed to read {DatabasePath} ({failure.Message}): restore a copy, or use another --data folder.", failure);
        }

        var apps = _options.Apps
            .Select(app => new AppSide(app, _resources, Traffic.CounterOf(app.AppId), _options))
            .ToList();
        await ListenAsync(apps, cancellationToken);
        _cleanup = CleanUpAsync();
        foreach (var (app, port) in apps.SelectMany(app => app.Ports.Select(port => (app, port))))
        {
            var replica = new Replica(app, port, _broker, _resources, _options, _logger);
            _replicas.Add((replica, replica.RunAsync(_stopping.Token, _aborting.Token)));
        }
    }

    private async Task ListenAsync(IReadOnlyList<AppSide> apps, CancellationToken cancellationToken)
    {
        var apiToken = new ApiToken(_options.DaprApiToken);
        var publishing = new Publishing(_broker, _options);
        var states = new StateStore(_database, _options);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(_options.LoggerFactory);
        // The process's own host handles Ctrl-C, not this embedded one.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddGrpc(grpc => (grpc.MaxReceiveMessageSize, grpc.MaxSendMessageSize) = (_options.MaxBodyBytes, _options.MaxBodyBytes));
        builder.Services.AddSingleton<IServiceMethodProvider<DaprService>, DaprMethods>();
        builder.Services.AddSingleton(new DaprService(AppOf, publishing, states, apiToken, RequestShutdown, _logger));
        var (http, grpc) = (new List<ListenOptions>(), new List<ListenOptions>());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
            // Like daprd: clients send all their calls over one connection.
            kestrel.Limits.Http2.MaxStreamsPerConnection = int.MaxValue;
            foreach (var app in _options.Apps)
            {
                kestrel.Listen(IPAddress.Loopback, app.DaprHttpPort, listener => Add(http, listener, HttpProtocols.Http1));
                kestrel.Listen(IPAddress.Loopback, app.DaprGrpcPort, listener => Add(grpc, listener, HttpProtocols.Http2));
            }
        });
        _server = builder.Build();
        var requests = new Requests(AppOf, new PublishRoutes(publishing), new StateRoutes(states), apiToken, RequestShutdown, _logger);
        // Only gRPC uses ASP.NET Core's routing, since daprd cleans and unescapes HTTP paths differently.
        _server.Use((context, next) => HttpProtocol.IsHttp2(context.Request.Protocol) ? next(context) : requests.HandleAsync(context));
        _server.UseRouting();
        _server.MapGrpcService<DaprService>();
        try
        {
            await _server.StartAsync(cancellationToken);
        }
        catch (Exception failure) when (failure is IOException or SocketException)
        {
            throw PortTaken(failure) ?? failure;
        }

        _portsOfApp = apps.Zip(http, grpc).ToFrozenDictionary(
            entry => entry.First.AppId, entry => (Http: entry.Second.IPEndPoint!.Port, Grpc: entry.Third.IPEndPoint!.Port));
        _appOfPort = apps
            .SelectMany(app => new[] { KeyValuePair.Create(_portsOfApp[app.AppId].Http, app), KeyValuePair.Create(_portsOfApp[app.AppId].Grpc, app) })
            .ToFrozenDictionary();
        foreach (var (appId, ports) in _portsOfApp)
        {
            LogListening(_logger, appId, ports.Http, ports.Grpc);
        }

        static void Add(List<ListenOptions> listeners, ListenOptions listener, HttpProtocols protocols)
        {
            listener.Protocols = protocols;
            listeners.Add(listener);
        }
    }

    private AppSide? AppOf(int port) => _appOfPort.GetValueOrDefault(port);

    private void RequestShutdown(string appId) => ShutdownRequested?.Invoke(this, appId);

    // Checks each port, since Kestrel's exception has the address only inside its message.
    private SidecarPortException? PortTaken(Exception failure)
    {
        var ports = _options.Apps
            .SelectMany(app => new[] { (app.AppId, Port: app.DaprHttpPort, Setting: "daprHTTPPort"), (app.AppId, Port: app.DaprGrpcPort, Setting: "daprGRPCPort") })
            .Where(port => port.Port != 0)
            .ToList();
        var listeners = IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners();
        var taken = ports.Where(port => listeners.Any(listener => listener.Port == port.Port)).Concat(ports.GroupBy(port => port.Port).OrderByDescending(group => group.Count()).Select(group => group.First()));
        return taken.Select(port => new SidecarPortException(port.Port, port.AppId, port.Setting, failure)).FirstOrDefault();
    }

    private async Task CleanUpAsync()
    {
        var time = _options.TimeProvider;
        for (var round = 0; ; round++)
        {
            await Task.Delay(CleanupInterval, time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_stopping.IsCancellationRequested)
            {
                return;
            }

            var now = time.GetUtcNow().ToUnixTimeMilliseconds();
            _database.Post(session =>
            {
                if (StateTable.DeleteExpired(session, now) > 0)
                {
                    _database.RewriteAtNextCleanUp();
                }
            });
            if (round % RoundsPerDeepCleanup == 0)
            {
                _broker.DeleteExpired();
            }

            _database.CleanUp();
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Sidecar of {AppId} listens on ports {HttpPort} (HTTP) and {GrpcPort} (gRPC)")]
    private static partial void LogListening(ILogger logger, string appId, int httpPort, int grpcPort);

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
