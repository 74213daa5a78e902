using System.CommandLine;
using Microsoft.Extensions.Logging;

namespace LocalDapr.Cli;

/// <summary>The flags: daprd's own, and those of the local sidecar.</summary>
internal static class DaprdCommand
{
    // Flags of daprd v1.18 (cmd/daprd/options) that change nothing an app sees of this sidecar.
    private static readonly string[] Ignored =
    [
        "--actors-service", "--app-health-check-path", "--app-health-probe-interval", "--app-health-probe-timeout", "--app-health-threshold",
        "--control-plane-address", "--dapr-block-shutdown-duration", "--dapr-graceful-shutdown-seconds", "--dapr-http-read-buffer-size",
        "--dapr-internal-grpc-port", "--dapr-listen-addresses", "--dapr-public-port", "--metrics-port", "--mode",
        "--placement-host-address", "--profile-port", "--read-buffer-size", "--reminders-service", "--scheduler-host-address", "--sentry-address",
    ];

    private static readonly string[] IgnoredSwitches =
    [
        "--disable-builtin-k8s-secret-store", "--enable-api-logging", "--enable-app-health-check", "--enable-metrics", "--enable-mtls", "--enable-profiling",
        "--log-as-json",
    ];

    public static RootCommand Create()
    {
        var appId = new Option<string>("--app-id") { Description = "The Dapr app id, also the name of its consumer group.", Required = true };
        var appPort = new Option<int?>("--app-port") { Description = "The port the app listens on. Without one it subscribes to nothing." };
        var appAddress = new Option<string>("--app-channel-address") { Description = "Where the app is; only this machine.", DefaultValueFactory = _ => "127.0.0.1" };
        appAddress.AcceptOnlyFromAmong("127.0.0.1", "localhost");
        var appProtocol = new Option<string>("--app-protocol") { Description = "Only http.", DefaultValueFactory = _ => "http" };
        appProtocol.AcceptOnlyFromAmong("http");
        var httpPort = new Option<int>("--dapr-http-port") { Description = "The port of the HTTP API; 0: any that is free.", DefaultValueFactory = _ => 3500 };
        var grpcPort = new Option<int>("--dapr-grpc-port") { Description = "The port of the gRPC API; 0: any that is free.", DefaultValueFactory = _ => 50001 };
        var resources = new Option<DirectoryInfo[]>("--resources-path", "--components-path") { Description = "A folder of YAML resources; may be given several times.", Required = true };
        var concurrency = new Option<int>("--app-max-concurrency") { Description = "Calls to the app at a time; -1: no limit.", DefaultValueFactory = _ => -1 };
        var bodySize = new Option<string>("--max-body-size") { Description = "Largest body, like 4Mi.", DefaultValueFactory = _ => "4Mi" };
        var bodyMegabytes = new Option<int?>("--dapr-http-max-request-size") { Description = "The same in whole MiB, as older versions have it." };
        var logLevel = new Option<string>("--log-level") { Description = "debug, info, warn, error or fatal.", DefaultValueFactory = _ => "info" };
        logLevel.AcceptOnlyFromAmong("debug", "info", "warn", "error", "fatal");
        var data = new Option<DirectoryInfo?>("--data") { Description = "Where events and state are kept; one sidecar at a time. Default: a temporary folder, deleted at the end." };
        var broker = new Option<string>("--broker") { Description = "Rules of delivery: servicebus, redis-1.18, redis-1.16, rabbitmq or in-memory.", DefaultValueFactory = _ => "servicebus" };
        broker.AcceptOnlyFromAmong([.. Brokers.Keys]);
        var version = new Option<string?>("--dapr-version") { Description = "Whose rules to follow where versions of daprd differ: 1.16 or 1.18. Default: that of the broker, 1.18 for most." };
        version.AcceptOnlyFromAmong([.. Versions.Keys]);
        var store = new Option<string>("--store") { Description = "Rules of concurrency: sqlite, redis or postgresql.", DefaultValueFactory = _ => "sqlite" };
        store.AcceptOnlyFromAmong([.. Stores.Keys]);
        var chaos = new Option<string?>("--chaos") { Description = $"What to do wrong on purpose: {string.Join(", ", ChaosPresets.Names)} or all; :seed may follow." };
        var configuration = new Option<FileInfo?>("--config") { Description = "A Configuration; of it only spec.tracing.samplingRate is read: not 0 hands traces on." };

        var command = new RootCommand("The sidecar of one app: Dapr's API with daprd's flags, over a broker and a store of its own.")
        {
            appId, appPort, appAddress, appProtocol, httpPort, grpcPort, resources, concurrency, bodySize, bodyMegabytes, logLevel, data, broker, version, store, chaos, configuration,
        };
        var ignored = Ignored.Select(name => (Option)new Option<string>(name)).Concat(IgnoredSwitches.Select(name => new Option<bool>(name))).ToList();
        foreach (var option in ignored)
        {
            option.Description = "Accepted and without effect.";
            option.Hidden = true;
            command.Add(option);
        }

        command.SetAction((parsed, cancellationToken) =>
        {
            var folders = parsed.GetValue(resources) ?? [];
            foreach (var option in ignored.Where(option => parsed.GetResult(option) is { Implicit: false }))
            {
                Console.WriteLine($"{option.Name} has no effect here.");
            }

            int bytes;
            ChaosOptions? trouble;
            bool tracing;
            try
            {
                bytes = parsed.GetValue(bodyMegabytes) is { } megabytes ? checked(megabytes * 1024 * 1024) : BodySize.Parse(parsed.GetValue(bodySize)!);
                trouble = parsed.GetValue(chaos) is { } presets ? ChaosOptions.Parse(presets) : null;
                tracing = parsed.GetValue(configuration) is { } file && DaprConfiguration.Load(file.FullName).HasTracing;
            }
            catch (Exception failure) when (failure is FormatException or OverflowException or SidecarConfigurationException)
            {
                Console.Error.WriteLine(failure.Message);
                return Task.FromResult(1);
            }

            return StandaloneRun.RunAsync(
                new StandaloneOptions(
                    new SidecarApp(
                        parsed.GetValue(appId)!,
                        parsed.GetValue(httpPort),
                        parsed.GetValue(appPort) is { } port ? [port] : [],
                        parsed.GetValue(concurrency))
                    {
                        DaprGrpcPort = parsed.GetValue(grpcPort),
                    },
                    [.. folders.Select(folder => folder.FullName)],
                    parsed.GetValue(data)?.FullName,
                    bytes,
                    LevelOf(parsed.GetValue(logLevel)!),
                    Brokers[parsed.GetValue(broker)!],
                    parsed.GetValue(version) is { } runtime ? Versions[runtime] : null,
                    Stores[parsed.GetValue(store)!],
                    trouble,
                    tracing),
                cancellationToken);
        });
        return command;
    }

    /// <summary>Go's flags take one dash as well as two.</summary>
    public static string[] WithTwoDashes(string[] args) =>
        [.. args.Select(arg => arg.Length > 2 && arg[0] == '-' && char.IsAsciiLetter(arg[1]) ? "-" + arg : arg)];

    private static Dictionary<string, BrokerProfile> Brokers { get; } = new()
    {
        ["servicebus"] = BrokerProfile.ServiceBus,
        ["redis-1.18"] = BrokerProfile.Redis118,
        ["redis-1.16"] = BrokerProfile.Redis116,
        ["rabbitmq"] = BrokerProfile.RabbitMq,
        ["in-memory"] = BrokerProfile.InMemory,
    };

    private static Dictionary<string, DaprVersion> Versions { get; } = new() { ["1.16"] = DaprVersion.V116, ["1.18"] = DaprVersion.V118 };

    private static Dictionary<string, StoreProfile> Stores { get; } = new()
    {
        ["sqlite"] = StoreProfile.Sqlite,
        ["redis"] = StoreProfile.Redis,
        ["postgresql"] = StoreProfile.PostgreSql,
    };

    private static LogLevel LevelOf(string word) => word switch
    {
        "debug" => LogLevel.Debug,
        "warn" => LogLevel.Warning,
        "error" => LogLevel.Error,
        "fatal" => LogLevel.Critical,
        _ => LogLevel.Information,
    };
}
