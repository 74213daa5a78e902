using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LocalDapr;

/// <summary>Options of <see cref="LocalSidecar"/>.</summary>
public sealed record SidecarOptions
{
    /// <summary>Folder of <c>sidecar.db</c>, created if missing. Only one sidecar at a time can use it.</summary>
    public required string DataPath { get; init; }

    /// <summary>Folder whose <c>*.yaml</c> and <c>*.yml</c> files declare components, resiliency and subscriptions. As in Dapr, subfolders are ignored.</summary>
    public required string ResourcesPath { get; init; }

    /// <summary>More resource folders. Default none.</summary>
    public IReadOnlyList<string> MoreResourcesPaths { get; init; } = [];

    /// <summary>The app ids to serve, each on its own ports.</summary>
    public required IReadOnlyList<SidecarApp> Apps { get; init; }

    /// <summary>Token that callers must send as <c>dapr-api-token</c>. Default null: no token is needed, but requests from browsers or with a foreign Host header get 403.</summary>
    public string? DaprApiToken { get; init; }

    /// <summary>Token sent to the apps as <c>dapr-api-token</c>. Default null: no token is sent.</summary>
    public string? AppApiToken { get; init; }

    /// <summary>Receives the log. Default: none. Event bodies, state values and tokens are never logged.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>Maximum size of a request body and of an app's response, 1 byte to 1 GiB. Default 4 MiB, as daprd's <c>--max-body-size</c>.</summary>
    [Range(1, 1024 * 1024 * 1024)]
    public int MaxBodyBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Whether each publish and delivery gets a span of its own below the caller's, as with daprd's tracing configuration. Default false: the caller's span is passed on unchanged, as by an unconfigured daprd.</summary>
    public bool Tracing { get; init; }

    /// <summary>Behaviour where brokers, stores and daprd versions differ. Tests replace the default to imitate others.</summary>
    public SidecarRules Rules { get; init; } = SidecarRules.Default;

    /// <summary>Intercepts every call and delivery. For tests; default null.</summary>
    public ISidecarInterceptor? Interceptor { get; init; }

    /// <summary>Clock for expiry, retries and timeouts. Default: the system clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}

/// <summary>One app id to serve.</summary>
/// <param name="AppId">The Dapr app id; also the name of its consumer group.</param>
/// <param name="DaprHttpPort">TCP port of the sidecar's HTTP API on 127.0.0.1; 0 picks a free one.</param>
/// <param name="AppPorts">Ports on 127.0.0.1 of the app's replicas, which compete for its events. Empty: the app has no subscriptions.</param>
/// <param name="MaxConcurrency">Maximum concurrent calls to one replica (<c>appMaxConcurrency</c>). Default −1: the component's limit.</param>
public sealed record SidecarApp(string AppId, int DaprHttpPort, IReadOnlyList<int> AppPorts, int MaxConcurrency = -1)
{
    /// <summary>TCP port of the sidecar's gRPC API on 127.0.0.1, without TLS. Default 0 picks a free one.</summary>
    public int DaprGrpcPort { get; init; }
}
