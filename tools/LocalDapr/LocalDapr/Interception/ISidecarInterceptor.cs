namespace LocalDapr;

/// <summary>Intercepts each call and each delivery, and can delay, fail or repeat it. For tests.</summary>
/// <remarks>Calls and deliveries wait for the interceptor. If it throws, a call gets an internal error, and an event is redelivered.</remarks>
public interface ISidecarInterceptor
{
    /// <summary>Called for each valid and allowed call of an app.</summary>
    /// <param name="called">The call.</param>
    /// <param name="proceed">Executes the call. Its effect is durable once this completes.</param>
    /// <returns>The error to return to the app; null for success.</returns>
    Task<ApiError?> CallAsync(SidecarCall called, Func<Task<ApiError?>> proceed) => proceed();

    /// <summary>Called for each event published to an app.</summary>
    /// <returns>Completes when the event can be delivered.</returns>
    Task QueueAsync(SidecarEvent queued) => Task.CompletedTask;

    /// <summary>Called for each delivery of an event to a replica of its app.</summary>
    /// <param name="delivered">The event.</param>
    /// <param name="proceed">Delivers it to that replica, with the retries of the resiliency policy. May be called more than once.</param>
    /// <returns>The result to act on.</returns>
    Task<DeliveryResult> DeliverAsync(SidecarEvent delivered, Func<Task<DeliveryResult>> proceed) => proceed();

    /// <summary>Called when the effect of the app's response to a delivery is durable.</summary>
    Task SettledAsync(SidecarEvent settled) => Task.CompletedTask;

    /// <summary>Called when an event is discarded, because it expired, was dropped, or failed without a dead-letter topic.</summary>
    void Lost(SidecarEvent lost, string reason)
    {
    }
}
