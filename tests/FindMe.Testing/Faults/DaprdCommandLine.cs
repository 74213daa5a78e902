using LocalDapr;

namespace FindMe.Testing;

/// <summary>Builds daprd's command line for an app of a run file, as <c>dapr run -f</c> does.</summary>
internal static class DaprdCommandLine
{
    // Run file setting → daprd's flag.
    private static readonly (string Setting, string Flag)[] Flags =
    [
        ("appProtocol", "--app-protocol"),
        ("appMaxConcurrency", "--app-max-concurrency"),
        ("maxBodySize", "--max-body-size"),
        ("appHealthCheckPath", "--app-health-check-path"),
        ("appHealthProbeInterval", "--app-health-probe-interval"),
        ("appHealthProbeTimeout", "--app-health-probe-timeout"),
        ("appHealthThreshold", "--app-health-threshold"),
    ];

    /// <summary>Returns the program and its arguments.</summary>
    /// <param name="daprd">The daprd program.</param>
    /// <param name="app">The app.</param>
    /// <param name="appPort">The port of this replica.</param>
    /// <param name="ports">The sidecar's ports: HTTP, gRPC, and internal gRPC.</param>
    /// <param name="components">The resources folder.</param>
    public static IReadOnlyList<string> Of(string daprd, RunFileApp app, int appPort, (int Http, int Grpc, int Internal) ports, string components) =>
    [
        daprd,
        "--app-id", app.AppId,
        "--app-port", $"{appPort}",
        "--app-channel-address", "127.0.0.1",
        "--dapr-http-port", $"{ports.Http}",
        "--dapr-grpc-port", $"{ports.Grpc}",
        "--dapr-internal-grpc-port", $"{ports.Internal}",
        "--dapr-listen-addresses", "127.0.0.1",
        "--resources-path", components,
        // Disabled, since all sidecars on one machine would use the same port.
        "--enable-metrics=false",
        "--log-level", "info",
        .. app.Settings.GetValueOrDefault("enableAppHealthCheck") == "true" ? ["--enable-app-health-check"] : Array.Empty<string>(),
        .. Flags.Where(flag => app.Settings.ContainsKey(flag.Setting)).SelectMany(flag => new[] { flag.Flag, app.Settings[flag.Setting] }),
    ];
}
