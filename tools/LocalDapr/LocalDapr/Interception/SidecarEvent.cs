namespace LocalDapr;

/// <summary>An event on its way to one app.</summary>
/// <param name="AppId">The app id of the subscriber.</param>
/// <param name="Topic">The topic.</param>
/// <param name="Sequence">Its sequence number in the broker; later events have larger ones.</param>
public sealed record SidecarEvent(string AppId, string Topic, long Sequence);

/// <summary>The result of a delivery.</summary>
/// <param name="Reply">What becomes of the event.</param>
/// <param name="Status">The app's last HTTP status; null where there was none.</param>
/// <param name="Word">The word of the body's <c>status</c>; null where there is none.</param>
public sealed record DeliveryResult(Reply Reply, int? Status = null, string? Word = null);
