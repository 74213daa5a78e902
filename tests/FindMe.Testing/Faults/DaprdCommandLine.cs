using LocalDapr;

namespace FindMe.Testing;

/// <summary>How <c>dapr run -f</c> starts the sidecar of one app: the same flags, from the same run file.</summary>
internal static class DaprdCommandLine
{
    // What a run file says of an app → daprd's flag.
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

    /// <summary>Builds it, the program first.</summary>
    /// <param name="daprd">The program.</param>
    /// <param name="app">The app.</param>
    /// <param name="appPort">The port of this replica.</param>
    /// <param name="ports">The sidecar's own: HTTP, gRPC, and gRPC between sidecars.</param>
    /// <param name="components">The folder of components.</param>
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
        // Each of several sidecars on one machine would want the same port for them.
        "--enable-metrics=false",
        "--log-level", "info",
        .. app.Settings.GetValueOrDefault("enableAppHealthCheck") == "true" ? ["--enable-app-health-check"] : Array.Empty<string>(),
        .. Flags.Where(flag => app.Settings.ContainsKey(flag.Setting)).SelectMany(flag => new[] { flag.Flag, app.Settings[flag.Setting] }),
    ];
}
