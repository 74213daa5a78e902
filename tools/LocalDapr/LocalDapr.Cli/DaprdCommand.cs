using System.CommandLine;

namespace LocalDapr.Cli;

/// <summary>daprd's own flags: the sidecar of one app.</summary>
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
        var configuration = new Option<FileInfo?>("--config") { Description = "A Configuration; of it only spec.tracing.samplingRate is read: not 0 hands traces on." };

        var command = new RootCommand("Dapr's HTTP and gRPC APIs for one app, with daprd's flags, or for the apps of a dapr.yaml: no daprd, no Docker, no Redis.")
        {
            appId, appPort, appAddress, appProtocol, httpPort, grpcPort, resources, concurrency, bodySize, bodyMegabytes, configuration,
        };
        var run = new SidecarRun(command);
        var ignored = Ignored.Select(name => (Option)new Option<string>(name)).Concat(IgnoredSwitches.Select(name => new Option<bool>(name))).ToList();
        foreach (var option in ignored)
        {
            option.Description = "Accepted and without effect.";
            option.Hidden = true;
            command.Add(option);
        }

        command.Add(RunCommand.Create());
        command.SetAction((parsed, cancellationToken) =>
        {
            foreach (var option in ignored.Where(option => parsed.GetResult(option) is { Implicit: false }))
            {
                Console.WriteLine($"{option.Name} has no effect here.");
            }

            return run.RunAsync(
                parsed,
                () => new SidecarOptions
                {
                    DataPath = "",
                    ResourcesPath = parsed.GetValue(resources)![0].FullName,
                    MoreResourcesPaths = [.. parsed.GetValue(resources)!.Skip(1).Select(folder => folder.FullName)],
                    Apps =
                    [
                        new SidecarApp(
                            parsed.GetValue(appId)!, parsed.GetValue(httpPort), parsed.GetValue(appPort) is { } port ? [port] : [], parsed.GetValue(concurrency))
                        {
                            DaprGrpcPort = parsed.GetValue(grpcPort),
                        },
                    ],
                    MaxBodyBytes = SidecarRun.BytesOf(parsed.GetValue(bodyMegabytes) is { } megabytes ? $"{megabytes}Mi" : parsed.GetValue(bodySize)!),
                    Tracing = parsed.GetValue(configuration) is { } file && DaprConfiguration.Load(file.FullName).HasTracing,
                },
                startApps: null,
                cancellationToken);
        });
        return command;
    }

    /// <summary>Go's flags take one dash as well as two; one letter is a short flag here.</summary>
    public static string[] WithTwoDashes(string[] args) =>
        [.. args.Select(arg => arg.Length > 2 && arg[0] == '-' && char.IsAsciiLetter(arg[1]) && char.IsAsciiLetter(arg[2]) ? "-" + arg : arg)];
}
