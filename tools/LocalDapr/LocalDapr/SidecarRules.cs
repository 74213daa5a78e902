using System.Net.Http.Headers;

namespace LocalDapr;

/// <summary>Behaviour where brokers, stores and daprd versions differ. The sidecar uses this one set of rules; tests override it to imitate others.</summary>
/// <remarks>
/// A failed event is redelivered after its claim time, without a limit, unless its subscription has a dead-letter topic: no event is lost.
/// Everything else is as with Redis and daprd 1.18, with two exceptions: events wait while no app listens, and ETags are random, as in Dapr's SQLite store.
/// </remarks>
public class SidecarRules
{
    internal SidecarRules()
    {
    }

    /// <summary>The rules of the local sidecar.</summary>
    public static SidecarRules Default { get; } = new();

    /// <summary>Whether an event published before its topic's first subscription is kept for it.</summary>
    internal virtual bool KeepsUnclaimed => true;

    /// <summary>Whether a refused or broken connection counts as an attempt of the retry policy, as with daprd.</summary>
    internal virtual bool CountsRefused => false;

    /// <summary>Whether delivery to a replica stops while nothing listens on its port.</summary>
    internal virtual bool WatchesPort => true;

    /// <summary>Whether the envelope holds the event's expiration. Some brokers expire events themselves.</summary>
    internal virtual bool WritesExpiration => true;

    /// <summary>Whether a publish request can set the subject in its query.</summary>
    internal virtual bool TakesSubject => true;

    /// <summary>Whether bulk publish is available at <c>v1.0</c>, not only at <c>v1.0-alpha1</c>.</summary>
    internal virtual bool HasBulkPublish => true;

    /// <summary>The trace in an envelope when the publisher has none.</summary>
    internal virtual TraceContext NoTrace => TraceContext.None;

    /// <summary>The version in the response of the metadata endpoint.</summary>
    internal virtual string RuntimeVersion => "1.18.3-local";

    /// <summary>The meaning of an app's 404 response to an event.</summary>
    internal virtual Reply NotFound => Reply.Dropped;

    /// <summary>Whether read responses hold the value's expiration.</summary>
    internal virtual bool TellsExpiry => true;

    /// <summary>Broken deliveries after which an event is dead-lettered, so that an event that crashes every replica is not retried forever.</summary>
    internal virtual int MaxDeliveries(Component component) => 10;

    /// <summary>Time after which an unacknowledged event is redelivered, from when a consumer took it; null for never.</summary>
    internal virtual TimeSpan? ClaimTime(Component component) => component.ClaimTime;

    /// <summary>Time after which the events of a lost consumer are redelivered; null for their claim time.</summary>
    internal virtual TimeSpan? AbandonTime(Component component) => null;

    /// <summary>Decides what happens to an event that failed after all retries and has no dead-letter topic.</summary>
    /// <param name="component">The pub/sub component.</param>
    /// <param name="deliveries">Deliveries so far.</param>
    /// <param name="elapsed">Time since the delivery started.</param>
    internal virtual Failure OfFailure(Component component, int deliveries, TimeSpan elapsed) => Failure.Pending;

    /// <summary>Adds the event's metadata to the headers of a delivery.</summary>
    internal virtual void AddHeaders(HttpRequestHeaders headers, Pending pending, StoredMessage message)
    {
        foreach (var (name, value) in Metadata.Unmarshal(message.Metadata).Where(pair => IsHeader(pair.Key, pair.Value)))
        {
            headers.TryAddWithoutValidation(name, value);
        }
    }

    internal virtual StateOutcome Apply(Session session, string store, StateWrite write, long now) =>
        StateTable.Apply(session, store, write, now) ? StateOutcome.Done : StateOutcome.Mismatch;

    /// <summary>Applies a transaction: all or nothing.</summary>
    internal virtual StateOutcome ApplyAll(Session session, string store, IReadOnlyList<StateWrite> writes, long now) =>
        StateTable.ApplyAll(session, store, writes, now) ? StateOutcome.Done : StateOutcome.Mismatch;

    private static bool IsHeader(string name, string value) =>
        name.Length > 0 && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.')
        && value.All(letter => letter is >= ' ' and < '\x7f');
}

/// <summary>What happens to a failed event without a dead-letter topic.</summary>
internal enum Failure
{
    /// <summary>Redelivered after its claim time.</summary>
    Pending,

    /// <summary>Redelivered at once.</summary>
    Again,

    /// <summary>Discarded.</summary>
    Lost,
}
