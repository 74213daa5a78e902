namespace LocalDapr.Tests;

/// <summary>A sidecar for each app of a test, wherever it comes from.</summary>
internal interface ISidecarHost : IAsyncDisposable
{
    /// <summary>Whose rules of delivery it follows.</summary>
    BrokerProfile Broker { get; }

    /// <summary>Whose rules of concurrency it follows.</summary>
    StoreProfile Store { get; }

    /// <summary>Which daprd's rules it follows.</summary>
    DaprVersion Version { get; }

    /// <summary>Put behind every topic, so that runs and cases on one broker do not meet; empty where each has a broker of its own.</summary>
    string Suffix { get; }

    Uri EndpointOf(string appId);

    /// <summary>Where an app's sidecar serves gRPC; null where that is not known.</summary>
    Uri? GrpcEndpointOf(string appId);

    /// <summary>Waits until an app's sidecar has ended, or asked to.</summary>
    Task EndedAsync(string appId);

    /// <summary>Waits until nothing is on its way to an app any more, as far as that can be seen.</summary>
    Task SettledAsync();
}
