namespace LocalDapr.Faults;

/// <summary>Behaviour of an app that Dapr accepts, but that is usually a mistake.</summary>
public enum ViolationKind
{
    /// <summary>404 in response to a delivery: Dapr drops the event.</summary>
    NotFound,

    /// <summary>An unknown <c>status</c> in the response body: Dapr redelivers the event.</summary>
    UnknownStatus,

    /// <summary>A redirect, usually to HTTPS, which Dapr does not follow: it redelivers the event.</summary>
    Redirect,

    /// <summary>401 or 403, usually because the subscriber's route requires authentication: Dapr redelivers the event.</summary>
    Unauthorized,

    /// <summary>An event was discarded, usually because its subscription has no dead-letter topic.</summary>
    LostEvent,
}

/// <summary>One violation.</summary>
/// <param name="Kind">What it was.</param>
/// <param name="AppId">The app that got the event.</param>
/// <param name="Topic">The event's topic.</param>
/// <param name="Message">The event's sequence number.</param>
/// <param name="Detail">The status or the reason; nothing the app or the event said.</param>
public sealed record SubscriberViolation(ViolationKind Kind, string AppId, string Topic, long Message, string Detail);
