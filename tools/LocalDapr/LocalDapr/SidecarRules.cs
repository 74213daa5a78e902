using System.Net.Http.Headers;

namespace LocalDapr;

/// <summary>What brokers, stores and versions of daprd do differently. There is one set of rules, this one; tests imitate others by overriding it.</summary>
/// <remarks>
/// An event that failed comes again when its claim time is over, without end, unless its subscription has a dead-letter topic: nothing is lost.
/// Everything else is as with Redis and daprd 1.18, but that events wait while nothing listens, and that ETags are random, as in Dapr's SQLite store.
/// </remarks>
public class SidecarRules
{
    internal SidecarRules()
    {
    }

    /// <summary>The rules of the local sidecar.</summary>
    public static SidecarRules Default { get; } = new();

    /// <summary>Whether an event waits that was published before its topic ever had a subscription.</summary>
    internal virtual bool KeepsUnclaimed => true;

    /// <summary>Whether a connection that an app refuses or breaks off is a failure that uses up the tries of the retry policy, as with daprd.</summary>
    internal virtual bool CountsRefused => false;

    /// <summary>Whether a replica is given no events while nothing listens on its port.</summary>
    internal virtual bool WatchesPort => true;

    /// <summary>Whether the envelope says when an event expires. Some brokers end its life themselves.</summary>
    internal virtual bool WritesExpiration => true;

    /// <summary>Whether a publisher's query may name a subject.</summary>
    internal virtual bool TakesSubject => true;

    /// <summary>Whether bulk publish is to be had at <c>v1.0</c>, and not at <c>v1.0-alpha1</c> alone.</summary>
    internal virtual bool HasBulkPublish => true;

    /// <summary>What an envelope says where there is no trace.</summary>
    internal virtual TraceContext NoTrace => TraceContext.None;

    /// <summary>What the metadata endpoint says of the version.</summary>
    internal virtual string RuntimeVersion => "1.18.3-local";

    /// <summary>What it means when an app answers 404 to an event.</summary>
    internal virtual Reply NotFound => Reply.Dropped;

    /// <summary>Whether readers are told when a value expires.</summary>
    internal virtual bool TellsExpiry => true;

    /// <summary>Deliveries that may break off before an event goes to its dead-letter topic, so that one that ends every replica is not tried for ever.</summary>
    internal virtual int MaxDeliveries(Component component) => 10;

    /// <summary>How long an event may stay unacknowledged, since a consumer took it, before it is handed out again; null: for ever.</summary>
    internal virtual TimeSpan? ClaimTime(Component component) => component.ClaimTime;

    /// <summary>When what a lost consumer held is handed on; null: at the end of its claim time.</summary>
    internal virtual TimeSpan? AbandonTime(Component component) => null;

    /// <summary>What becomes of an event that failed, retries included, and has no dead-letter topic.</summary>
    /// <param name="component">Its component.</param>
    /// <param name="deliveries">Deliveries so far.</param>
    /// <param name="elapsed">Since the delivery began.</param>
    internal virtual Failure OfFailure(Component component, int deliveries, TimeSpan elapsed) => Failure.Pending;

    /// <summary>Adds what a delivery says beside its body.</summary>
    internal virtual void AddHeaders(HttpRequestHeaders headers, Pending pending, StoredMessage message)
    {
        foreach (var (name, value) in Metadata.Unmarshal(message.Metadata).Where(pair => IsHeader(pair.Key, pair.Value)))
        {
            headers.TryAddWithoutValidation(name, value);
        }
    }

    /// <summary>Applies one write.</summary>
    internal virtual StateOutcome Apply(Session session, string store, StateWrite write, long now) =>
        StateTable.Apply(session, store, write, now) ? StateOutcome.Done : StateOutcome.Mismatch;

    /// <summary>Applies a transaction: all or nothing.</summary>
    internal virtual StateOutcome ApplyAll(Session session, string store, IReadOnlyList<StateWrite> writes, long now) =>
        StateTable.ApplyAll(session, store, writes, now) ? StateOutcome.Done : StateOutcome.Mismatch;

    private static bool IsHeader(string name, string value) =>
        name.Length > 0 && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.')
        && value.All(letter => letter is >= ' ' and < '\x7f');
}

/// <summary>What becomes of an event that failed and has no dead-letter topic.</summary>
internal enum Failure
{
    /// <summary>It comes again at the end of its claim time.</summary>
    Pending,

    /// <summary>It comes again at once.</summary>
    Again,

    /// <summary>It is gone.</summary>
    Lost,
}
