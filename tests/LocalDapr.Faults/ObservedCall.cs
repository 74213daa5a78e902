namespace LocalDapr.Faults;

/// <summary>The kind of an observed call.</summary>
public enum ObservedKind
{
    /// <summary>A valid save, delete or transaction of the state API.</summary>
    StateWrite,

    /// <summary>A valid and allowed publish or bulk publish.</summary>
    Publish,

    /// <summary>The app's last response to a delivery, after the in-memory retries.</summary>
    Delivery,
}

/// <summary>The point of a call at which the observer is called.</summary>
public enum ObservedPoint
{
    /// <summary>The request, or the app's response, is read but not acted upon.</summary>
    Before,

    /// <summary>The effect is durable, but the response is not sent. Not reached by rejected or failed calls.</summary>
    After,
}

/// <summary>One point of one call. The call continues when the observer's task completes; if the observer throws, the call gets an internal error.</summary>
/// <param name="AppId">The app that made the call, or received the delivery.</param>
/// <param name="Kind">The kind of call.</param>
/// <param name="Point">The point of the call.</param>
/// <param name="Ordinal">Number of the call among those of its kind and app id, from 1; the same at both points.</param>
/// <param name="Operation"><c>save</c>, <c>delete</c>, <c>bulk delete</c>, <c>transaction</c>, <c>publish</c>, <c>bulk publish</c>, or the meaning of the response to a delivery: <c>done</c>, <c>dropped</c>, <c>failed</c>.</param>
/// <param name="Target">The topic, or the comma-separated keys with prefix.</param>
public sealed record ObservedCall(string AppId, ObservedKind Kind, ObservedPoint Point, long Ordinal, string Operation, string Target);
