namespace LocalDapr.Faults;

/// <summary>What an app did that Dapr lets pass and that is seldom meant.</summary>
public enum ViolationKind
{
    /// <summary>The app answered a delivery with 404: Dapr drops the event.</summary>
    NotFound,

    /// <summary>The body's <c>status</c> is no word that Dapr knows: it delivers again.</summary>
    UnknownStatus,

    /// <summary>A redirect, which Dapr does not follow: it delivers again. Usually a redirect to HTTPS.</summary>
    Redirect,

    /// <summary>401 or 403: Dapr delivers again. Usually authentication in front of the subscriber's route.</summary>
    Unauthorized,

    /// <summary>An event is gone, or stays in the broker's own dead letters, since its subscription has no dead letter topic.</summary>
    LostEvent,
}

/// <summary>One violation.</summary>
/// <param name="Kind">What it was.</param>
/// <param name="AppId">The app that got the event.</param>
/// <param name="Topic">The event's topic.</param>
/// <param name="Message">The event's sequence number.</param>
/// <param name="Detail">The status or the reason; nothing the app or the event said.</param>
public sealed record SubscriberViolation(ViolationKind Kind, string AppId, string Topic, long Message, string Detail);
