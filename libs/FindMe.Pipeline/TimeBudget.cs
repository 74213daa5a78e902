namespace FindMe.Pipeline;

/// <summary>The timeouts of a step, and the delays before a lost step is resumed. The single source of these numbers; docs/time-budget.md derives them.</summary>
/// <remarks>
/// Files that Dapr and Azure read repeat the numbers (components, dapr.yaml, infra/modules/servicebus.bicep); a test compares them. Each timeout
/// is longer than the one before it, so that each waiting party knows that the inner one has given up.
/// </remarks>
public static class TimeBudget
{
    /// <summary>
    /// Timeout of one fetch, 12 s. Networks serve files of a few megabytes, and a slow host should fail its photo, not the delivery.
    /// </summary>
    public static readonly TimeSpan Fetch = TimeSpan.FromSeconds(12);

    /// <summary>Timeout that a handler sets itself for an event, 18 s: five times the duration of the largest photo on a loaded core.</summary>
    public static readonly TimeSpan Handler = TimeSpan.FromSeconds(18);

    /// <summary>Timeout of the sidecar's call to a handler, 20 s, by which the handler has answered. The resiliency policy <c>handler</c>.</summary>
    public static readonly TimeSpan Delivery = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Time after which a broker redelivers an unacknowledged event, 30 s: <c>processingTimeout</c> of Redis, <c>lockDuration</c> of Service Bus.
    /// Ten seconds more than a delivery, because Redis also counts the time that an event waits inside the sidecar.
    /// </summary>
    public static readonly TimeSpan Claim = TimeSpan.FromSeconds(30);

    /// <summary>Delay before FindMe itself requests missing work again, 45 s, so that the broker redelivers first. Doubles after each fruitless attempt.</summary>
    public static readonly TimeSpan RecoveryTimeout = TimeSpan.FromSeconds(45);

    /// <summary>
    /// Time that an app has for shutting down, 4 s. Azure Container Apps stops the sidecar 5 s after the signal; work that finishes later can be
    /// neither saved nor acknowledged.
    /// </summary>
    public static readonly TimeSpan Stop = TimeSpan.FromSeconds(4);
}
