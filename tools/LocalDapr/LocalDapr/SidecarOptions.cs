using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LocalDapr;

/// <summary>What a local sidecar serves, where it keeps its data and who may call it.</summary>
public sealed record SidecarOptions
{
    /// <summary>Folder of <c>sidecar.db</c>; made when absent. One sidecar at a time may use it.</summary>
    public required string DataPath { get; init; }

    /// <summary>Folder whose <c>*.yaml</c> and <c>*.yml</c> files declare components, resiliency and subscriptions; subfolders are not read, as with Dapr.</summary>
    public required string ResourcesPath { get; init; }

    /// <summary>Further such folders. Default none.</summary>
    public IReadOnlyList<string> MoreResourcesPaths { get; init; } = [];

    /// <summary>The app ids served, each on ports of its own.</summary>
    public required IReadOnlyList<SidecarApp> Apps { get; init; }

    /// <summary>What callers must send as <c>dapr-api-token</c>. Default null: no token is asked for, and requests of browsers and for other hosts than this machine get 403.</summary>
    public string? DaprApiToken { get; init; }

    /// <summary>What is sent to the apps as <c>dapr-api-token</c>. Default null: none is sent.</summary>
    public string? AppApiToken { get; init; }

    /// <summary>Where log lines go. Default: nowhere. Event bodies, state values and tokens are never logged.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>Largest request body, and largest answer of an app, 1 to 1,073,741,824 bytes. Default 4 MiB, as daprd's <c>--max-body-size</c>.</summary>
    [Range(1, 1024 * 1024 * 1024)]
    public int MaxBodyBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Make spans, as daprd does with a configuration of tracing: one for each publish and each delivery, below the caller's. Default false: the caller's own span is handed on, as by a daprd that has no configuration.</summary>
    public bool Tracing { get; init; }

    /// <summary>What the broker and the store do where brokers, stores and versions of daprd differ. Default: one set of rules; tests imitate others.</summary>
    public SidecarRules Rules { get; init; } = SidecarRules.Default;

    /// <summary>Stands in every call and delivery, for tests. Default null: nobody, at no cost.</summary>
    public ISidecarInterceptor? Interceptor { get; init; }

    /// <summary>The clock of expiry, retries and waiting. Default: the system's.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}

/// <summary>One app id: the ports its sidecar API listens on, and the ports on which replicas of the app are expected.</summary>
/// <param name="AppId">The Dapr app id, which is also the name of its consumer group.</param>
/// <param name="DaprHttpPort">TCP port of the sidecar's HTTP API on 127.0.0.1; 0 takes any free one.</param>
/// <param name="AppPorts">Ports on 127.0.0.1 of the app's replicas, which compete for its messages. Empty: the app subscribes to nothing yet.</param>
/// <param name="MaxConcurrency">Calls at a time to one replica (<c>appMaxConcurrency</c>). Default −1: as many as the component allows.</param>
public sealed record SidecarApp(string AppId, int DaprHttpPort, IReadOnlyList<int> AppPorts, int MaxConcurrency = -1)
{
    /// <summary>TCP port of the sidecar's gRPC API on 127.0.0.1, without TLS. Default 0: any free one.</summary>
    public int DaprGrpcPort { get; init; }
}
