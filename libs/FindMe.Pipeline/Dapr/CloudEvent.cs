namespace FindMe.Pipeline.Dapr;

/// <summary>The envelope in which Dapr delivers a message.</summary>
/// <param name="Id">The event's id; FindMe sets it, so that the same event has the same id.</param>
/// <param name="Topic">The topic it was published to; on a dead-letter topic still the original one.</param>
/// <param name="TraceParent">The trace it belongs to (W3C), empty or null: none.</param>
/// <param name="Time">When it was published (RFC 3339), empty or null: not known.</param>
public abstract record CloudEvent(string? Id, string? Topic, string? TraceParent, string? Time);

/// <summary>The envelope with its message.</summary>
/// <param name="Id">The event's id; FindMe sets it, so that the same event has the same id.</param>
/// <param name="Topic">The topic it was published to; on a dead-letter topic still the original one.</param>
/// <param name="Data">The message; null where the publisher sent none.</param>
/// <param name="TraceParent">The trace it belongs to (W3C), empty or null: none.</param>
/// <param name="Time">When it was published (RFC 3339), empty or null: not known.</param>
public sealed record CloudEvent<T>(string? Id, string? Topic, T? Data, string? TraceParent, string? Time)
    : CloudEvent(Id, Topic, TraceParent, Time);
