namespace FindMe.Pipeline;

/// <summary>How long a step may take, and how soon one that was lost is taken up again. The one place of these numbers; docs/time-budget.md derives them.</summary>
/// <remarks>
/// The files that Dapr and Azure read repeat them (components, dapr.yaml, infra/modules/servicebus.bicep): a test compares them with these.
/// Each is longer than the one before it, so that whoever waits knows that the other one has given up.
/// </remarks>
public static class TimeBudget
{
    /// <summary>
    /// What one fetch may take, 12 s. The sizes that networks serve have a few megabytes, and a slow host fails its photo, not its delivery.
    /// </summary>
    public static readonly TimeSpan Fetch = TimeSpan.FromSeconds(12);

    /// <summary>What a handler gives itself for an event, 18 s: five times the largest photo on a loaded core. Then it gives up by itself.</summary>
    public static readonly TimeSpan Handler = TimeSpan.FromSeconds(18);

    /// <summary>When the sidecar gives a handler up, 20 s: it has answered by then. The resiliency policy <c>handler</c>.</summary>
    public static readonly TimeSpan Delivery = TimeSpan.FromSeconds(20);

    /// <summary>
    /// When a broker hands an event on that nobody has acknowledged, 30 s: <c>processingTimeout</c> of Redis, <c>lockDuration</c> of Service Bus.
    /// Ten seconds more than a delivery, since Redis counts the time that an event waits inside the sidecar.
    /// </summary>
    public static readonly TimeSpan Claim = TimeSpan.FromSeconds(30);

    /// <summary>When FindMe itself asks for what is missing, 45 s: the broker had its turn. Doubled each time that nothing comes of it.</summary>
    public static readonly TimeSpan RecoveryTimeout = TimeSpan.FromSeconds(45);

    /// <summary>
    /// What an app finishes after it is told to end, 4 s. On Azure Container Apps its sidecar is gone 5 s after the signal, and what is finished
    /// later can be neither saved nor acknowledged.
    /// </summary>
    public static readonly TimeSpan Stop = TimeSpan.FromSeconds(4);
}
