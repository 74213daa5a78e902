namespace LocalDapr;

/// <summary>An event on its way to one app.</summary>
public sealed class SidecarEvent
{
    private readonly Pending _pending;

    internal SidecarEvent(Pending pending) => _pending = pending;

    /// <summary>The app.</summary>
    public string AppId => _pending.Group.Subscription.AppId;

    /// <summary>The topic.</summary>
    public string Topic => _pending.Group.Subscription.Topic;

    /// <summary>Its number in the broker, which grows with each event.</summary>
    public long Sequence => _pending.Message;

    internal Action? Repeating { get; set; }

    /// <summary>During a delivery: delivers the event once more, by whichever replica is free, whatever becomes of either delivery.</summary>
    public void Repeat() => Repeating?.Invoke();
}

/// <summary>The result of a delivery.</summary>
/// <param name="Reply">What becomes of the event.</param>
/// <param name="Status">The app's last HTTP status; null where there was none.</param>
/// <param name="Word">The word of the body's <c>status</c>; null where there is none.</param>
public sealed record DeliveryResult(Reply Reply, int? Status = null, string? Word = null);
