using System.Collections.Concurrent;

namespace LocalDapr;

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
public sealed record SidecarViolation(ViolationKind Kind, string AppId, string Topic, long Message, string Detail);

/// <summary>Collects violations while the strict mode is on.</summary>
internal sealed class Violations(bool strict)
{
    // Enough to see what is wrong; an app that breaks a rule with every event must not fill the memory.
    private const int Most = 1000;

    private readonly ConcurrentQueue<SidecarViolation> _found = new();

    public IReadOnlyList<SidecarViolation> Found => [.. _found];

    public void OfReply(int status, ReadOnlySpan<byte> body, Pending pending)
    {
        if (!strict)
        {
            return;
        }

        ViolationKind? kind = status switch
        {
            404 => ViolationKind.NotFound,
            401 or 403 => ViolationKind.Unauthorized,
            >= 300 and <= 399 => ViolationKind.Redirect,
            >= 200 and <= 299 when Replies.WordOf(body) is not (null or "" or "SUCCESS" or "RETRY" or "DROP") => ViolationKind.UnknownStatus,
            _ => null,
        };
        if (kind is { } found)
        {
            Add(found, pending, $"status {status}");
        }
    }

    public void OfLoss(Pending pending, string reason)
    {
        if (strict)
        {
            Add(ViolationKind.LostEvent, pending, reason);
        }
    }

    private void Add(ViolationKind kind, Pending pending, string detail)
    {
        if (_found.Count < Most)
        {
            _found.Enqueue(new SidecarViolation(kind, pending.Group.Subscription.AppId, pending.Group.Subscription.Topic, pending.Message, detail));
        }
    }
}
