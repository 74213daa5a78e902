namespace LocalDapr;

/// <summary>Stands between apps, their sidecars and the broker: sees each call and each delivery, and may delay, fail or repeat it. For tests.</summary>
/// <remarks>Calls and deliveries wait for it. One that throws makes a call a failure of the sidecar itself, and brings an event again.</remarks>
public interface ISidecarInterceptor
{
    /// <summary>An app called its sidecar; the call could be read, and is allowed.</summary>
    /// <param name="called">The call.</param>
    /// <param name="proceed">Does what was asked. Its effect survives the process when it is done.</param>
    /// <returns>The error that the app is answered; null: it is done.</returns>
    Task<ApiError?> CallAsync(SidecarCall called, Func<Task<ApiError?>> proceed) => proceed();

    /// <summary>An event was published to an app.</summary>
    /// <returns>Ends when the event may be delivered.</returns>
    Task QueueAsync(SidecarEvent queued) => Task.CompletedTask;

    /// <summary>An event goes to a replica of its app.</summary>
    /// <param name="delivered">The event.</param>
    /// <param name="proceed">Delivers it to that replica, with the retries of the resiliency policy. May be called more than once.</param>
    /// <returns>What becomes of it.</returns>
    Task<DeliveryResult> DeliverAsync(SidecarEvent delivered, Func<Task<DeliveryResult>> proceed) => proceed();

    /// <summary>What the app answered to a delivery has taken effect, and survives the process.</summary>
    Task SettledAsync(SidecarEvent settled) => Task.CompletedTask;

    /// <summary>An event is gone, or in the broker's own dead letters, since its subscription has no dead letter topic.</summary>
    void Lost(SidecarEvent lost, string reason)
    {
    }
}
