namespace LocalDapr.Faults;

/// <summary>What an app did when the observer is called.</summary>
public enum ObservedKind
{
    /// <summary>A save, delete or transaction of the state API that could be read.</summary>
    StateWrite,

    /// <summary>A publish or bulk publish that could be read and is allowed.</summary>
    Publish,

    /// <summary>The app's last answer to a delivery, after the in-memory retries.</summary>
    Delivery,
}

/// <summary>Where in a call the observer stands.</summary>
public enum ObservedPoint
{
    /// <summary>The request, or the app's answer, was read; nothing has been done about it.</summary>
    Before,

    /// <summary>What was asked is done and survives the process; the reply has not been sent. Not reached by a call that is refused or fails.</summary>
    After,
}

/// <summary>One point of one call. The call goes on when the observer's task ends; an observer that throws makes it a failure of the sidecar itself.</summary>
/// <param name="AppId">The app that called, or that answered a delivery.</param>
/// <param name="Kind">What it did.</param>
/// <param name="Point">How far the call has come.</param>
/// <param name="Ordinal">Counts the calls of this kind by this app id since the start, from 1; the same at both points.</param>
/// <param name="Operation"><c>save</c>, <c>delete</c>, <c>bulk delete</c>, <c>transaction</c>, <c>publish</c>, <c>bulk publish</c>, or what a delivery's answer means: <c>done</c>, <c>dropped</c>, <c>failed</c>.</param>
/// <param name="Target">The topic, or the keys with their prefix and commas between them.</param>
public sealed record ObservedCall(string AppId, ObservedKind Kind, ObservedPoint Point, long Ordinal, string Operation, string Target);
