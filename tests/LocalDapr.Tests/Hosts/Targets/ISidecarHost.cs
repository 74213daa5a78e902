namespace LocalDapr.Tests;

/// <summary>Provides a sidecar for each app of a test.</summary>
internal interface ISidecarHost : IAsyncDisposable
{
    /// <summary>The broker whose delivery rules it follows.</summary>
    BrokerProfile Broker { get; }

    /// <summary>The store whose concurrency rules it follows.</summary>
    StoreProfile Store { get; }

    /// <summary>The daprd version whose behaviour it follows.</summary>
    DaprVersion Version { get; }

    /// <summary>Suffix of every topic, which separates runs and cases on a shared broker; empty for separate brokers.</summary>
    string Suffix { get; }

    Uri EndpointOf(string appId);

    /// <summary>Returns the gRPC endpoint of an app's sidecar; null when unknown.</summary>
    Uri? GrpcEndpointOf(string appId);

    /// <summary>Waits until an app's sidecar has stopped, or has requested its shutdown.</summary>
    Task EndedAsync(string appId);

    /// <summary>Waits until all events are settled, as far as that is visible.</summary>
    Task SettledAsync();
}
