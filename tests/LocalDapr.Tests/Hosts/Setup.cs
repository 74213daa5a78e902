namespace LocalDapr.Tests;

/// <summary>Deviations of a test from the default setup.</summary>
public sealed record Setup
{
    /// <summary>A data folder to share between sidecars; null for a separate one.</summary>
    public TemporaryFolder? Folder { get; init; }

    public string? DaprApiToken { get; init; }

    public string? AppApiToken { get; init; }

    public int MaxConcurrency { get; init; } = -1;

    public TimeProvider? Time { get; init; }

    /// <summary>Receives the sidecar's log; null for none.</summary>
    public Microsoft.Extensions.Logging.ILoggerFactory? Log { get; init; }

    /// <summary>The only broker with this rule; null for all.</summary>
    public BrokerProfile? Broker { get; init; }

    /// <summary>The only store with this rule; null for all.</summary>
    public StoreProfile? Store { get; init; }

    public bool Tracing { get; init; }

    public bool CountRefused { get; init; }

    public FaultInjection? Faults { get; init; }

    /// <summary>Why the case cannot run on a real daprd; null when it can.</summary>
    public string? IsLocalOnly { get; init; }

    /// <summary>Whether the case shuts its sidecar down.</summary>
    public bool EndsIt { get; init; }

    /// <summary>Whether to wait until the sidecar has read the apps' subscriptions.</summary>
    public bool Await { get; init; } = true;
}
