namespace LocalDapr;

/// <summary>An event for one app.</summary>
/// <param name="AppId">The app id of the subscriber.</param>
/// <param name="Topic">The topic.</param>
/// <param name="Sequence">Its sequence number in the broker; later events have larger ones.</param>
public sealed record SidecarEvent(string AppId, string Topic, long Sequence);

/// <summary>The result of a delivery.</summary>
/// <param name="Reply">The meaning of the app's response.</param>
/// <param name="Status">The app's last HTTP status; null without a response.</param>
/// <param name="Word">The <c>status</c> in the response body; null for none.</param>
public sealed record DeliveryResult(Reply Reply, int? Status = null, string? Word = null);
