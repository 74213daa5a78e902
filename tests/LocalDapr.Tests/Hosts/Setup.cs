namespace LocalDapr.Tests;

/// <summary>What a test wants other than usual.</summary>
public sealed record Setup
{
    /// <summary>Kept by the test, for a second sidecar on the same data; null for one of its own.</summary>
    public TemporaryFolder? Folder { get; init; }

    public string? DaprApiToken { get; init; }

    public string? AppApiToken { get; init; }

    public int MaxConcurrency { get; init; } = -1;

    public TimeProvider? Time { get; init; }

    /// <summary>Where its log goes; null for nowhere.</summary>
    public Microsoft.Extensions.Logging.ILoggerFactory? Log { get; init; }

    /// <summary>The only broker whose rule this is; null for a rule of all.</summary>
    public BrokerProfile? Broker { get; init; }

    /// <summary>The only store whose rule this is; null for a rule of all.</summary>
    public StoreProfile? Store { get; init; }

    public bool Tracing { get; init; }

    public bool CountRefused { get; init; }

    public FaultInjection? Faults { get; init; }

    /// <summary>Why a real daprd cannot be brought to show this; null when it can.</summary>
    public string? IsLocalOnly { get; init; }

    /// <summary>Whether the case shuts its sidecar down.</summary>
    public bool EndsIt { get; init; }

    /// <summary>Whether to wait until the apps were asked for their subscriptions.</summary>
    public bool Await { get; init; } = true;
}
