using System.CommandLine;

namespace LocalDapr.Cli;

/// <summary>The sidecar of one app, with daprd's command-line flags.</summary>
internal static class DaprdCommand
{
    // Flags of daprd v1.18 (cmd/daprd/options) that have no effect on this sidecar.
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
        var appId = new Option<string>("--app-id") { Description = "The Dapr app id; also the name of its consumer group.", Required = true };
        var appPort = new Option<int?>("--app-port") { Description = "The port the app listens on. Without it, the app subscribes to nothing." };
        var appAddress = new Option<string>("--app-channel-address") { Description = "The app's address; only this machine.", DefaultValueFactory = _ => "127.0.0.1" };
        appAddress.AcceptOnlyFromAmong("127.0.0.1", "localhost");
        var appProtocol = new Option<string>("--app-protocol") { Description = "Only http.", DefaultValueFactory = _ => "http" };
        appProtocol.AcceptOnlyFromAmong("http");
        var httpPort = new Option<int>("--dapr-http-port") { Description = "The port of the HTTP API; 0 picks a free one.", DefaultValueFactory = _ => 3500 };
        var grpcPort = new Option<int>("--dapr-grpc-port") { Description = "The port of the gRPC API; 0 picks a free one.", DefaultValueFactory = _ => 50001 };
        var resources = new Option<DirectoryInfo[]>("--resources-path", "--components-path") { Description = "A folder of YAML resources; can be repeated.", Required = true };
        var concurrency = new Option<int>("--app-max-concurrency") { Description = "Maximum concurrent calls to the app; -1 for no limit.", DefaultValueFactory = _ => -1 };
        var bodySize = new Option<string>("--max-body-size") { Description = "Maximum request body size, such as 4Mi.", DefaultValueFactory = _ => "4Mi" };
        var bodyMegabytes = new Option<int?>("--dapr-http-max-request-size") { Description = "The same in MiB, the flag of older versions." };
        var configuration = new Option<FileInfo?>("--config") { Description = "A Configuration file. Only spec.tracing.samplingRate is used: any rate above 0 traces every request." };

        var command = new RootCommand("Dapr's HTTP and gRPC APIs for one app, with daprd's flags, or for the apps of a dapr.yaml: no daprd, no Docker, no Redis.")
        {
            appId, appPort, appAddress, appProtocol, httpPort, grpcPort, resources, concurrency, bodySize, bodyMegabytes, configuration,
        };
        var run = new SidecarRun(command);
        var ignored = Ignored.Select(name => (Option)new Option<string>(name)).Concat(IgnoredSwitches.Select(name => new Option<bool>(name))).ToList();
        foreach (var option in ignored)
        {
            option.Description = "Accepted; has no effect.";
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

    /// <summary>Turns Go's single-dash flags (<c>-app-id</c>) into double-dash ones; single letters stay short flags.</summary>
    public static string[] WithTwoDashes(string[] args) =>
        [.. args.Select(arg => arg.Length > 2 && arg[0] == '-' && char.IsAsciiLetter(arg[1]) && char.IsAsciiLetter(arg[2]) ? "-" + arg : arg)];
}
