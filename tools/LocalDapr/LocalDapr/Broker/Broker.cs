using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace LocalDapr;

/// <summary>The embedded broker. Events are in the database; only the queues of their ids are in memory.</summary>
/// <remarks>
/// A consumer group is permanent: events published while its app is down wait for it. Events published before a topic has a group wait for
/// the first one. <see cref="SidecarRules"/> decides what happens to events that failed or whose consumer was lost.
/// </remarks>
internal sealed partial class Broker(
    Database database, DeclaredResources resources, SidecarOptions options, ILogger logger)
{
    // Unfetched events are deleted after this time; otherwise the queue of a renamed app would grow forever.
    private static readonly TimeSpan Retention = TimeSpan.FromDays(30);

    // Limits immediate redeliveries to ten a second, as daprd's maxRetriableErrorsPerSec does.
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromMilliseconds(100);

    private readonly SidecarRules _rules = options.Rules;
    private readonly ISidecarInterceptor? _interceptor = options.Interceptor;
    private readonly TimeProvider _time = options.TimeProvider;
    private readonly ConcurrentDictionary<long, Group> _groups = new();
    private readonly ConcurrentDictionary<(string AppId, string PubSub), Inbox> _inboxes = new();

    /// <summary>Restores the queues from the database.</summary>
    public void Load()
    {
        var (subscriptions, deliveries) = database.Read(session => (MessageTable.Subscriptions(session), MessageTable.Deliveries(session)));
        foreach (var subscription in subscriptions)
        {
            var group = AddGroup(subscription);
            foreach (var delivery in deliveries[subscription.Id])
            {
                group?.Waiting.Enqueue(new Pending(group, delivery.Message, delivery.Count), delivery.Message);
            }
        }
    }

    /// <summary>Stores events, all or none, and queues them for their groups. Completes once they are committed.</summary>
    public Task PublishAsync(IReadOnlyList<NewMessage> messages) => database.WriteAsync(
        session => messages.Select(message => MessageTable.Publish(session, message, _rules.KeepsUnclaimed)).ToArray(),
        published =>
        {
            foreach (var (message, groups) in published)
            {
                Enqueue(message, groups);
            }
        });

    /// <summary>Stores an app's subscriptions permanently, and opens their queues.</summary>
    public async Task<IReadOnlyList<Inbox>> SubscribeAsync(string appId, IReadOnlyList<Route> routes)
    {
        await database.WriteAsync(
            session => routes.Select(route => MessageTable.Subscribe(session, route.PubSub, route.Topic, appId)).ToArray(),
            subscribed =>
            {
                foreach (var (subscription, backlog) in subscribed)
                {
                    if (!_groups.ContainsKey(subscription.Id))
                    {
                        AddGroup(subscription);
                    }

                    foreach (var message in backlog)
                    {
                        Enqueue(message, [subscription.Id]);
                    }
                }
            });
        // A replica without subscriptions, or whose discovery failed, does not affect the app's other replicas.
        var inboxes = _inboxes
            .Where(inbox => inbox.Key.AppId == appId && routes.Any(route => route.PubSub == inbox.Key.PubSub))
            .Select(inbox => inbox.Value)
            .ToList();
        foreach (var inbox in inboxes)
        {
            inbox.SetRoutes([.. routes.Where(route => route.PubSub == inbox.Component.Name)]);
        }

        return inboxes;
    }

    public StoredMessage? Get(Pending pending) => database.Read(session => MessageTable.Get(session, pending.Message));

    /// <summary>Stores an event's delivery count, so that deliveries that crash the machine count, too.</summary>
    public void Count(Pending pending)
    {
        var (message, group, count) = (pending.Message, pending.Group.Subscription.Id, pending.Count);
        database.Post(session => MessageTable.SetCount(session, message, group, count));
    }

    /// <summary>Removes an event from its queue. Completes once that is committed.</summary>
    public async Task AcknowledgeAsync(Pending pending)
    {
        await database.WriteAsync(session => MessageTable.Acknowledge(session, pending.Message, pending.Group.Subscription.Id));
        pending.IsSettled = true;
    }

    /// <summary>
    /// Redelivers an event that is not acknowledged within its claim time, because it failed, is still being handled or its consumer was lost.
    /// Call when a consumer takes the event: the claim time starts then.
    /// </summary>
    public async Task ReclaimAsync(Pending pending, CancellationToken stopping)
    {
        if (_rules.ClaimTime(pending.Group.Component) is not { } claimTime)
        {
            return;
        }

        var returns = pending.Returns;
        await Task.Delay(claimTime, _time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // An event that returned to its queue meanwhile gets a new claim time.
        if (stopping.IsCancellationRequested || pending.IsSettled || pending.Returns != returns)
        {
            return;
        }

        try
        {
            if (!database.Read(session => MessageTable.IsWaiting(session, pending.Message, pending.Group.Subscription.Id)))
            {
                return;
            }
        }
        catch (Microsoft.Data.Sqlite.SqliteException)
        {
            // If it is already acknowledged, the redelivery finds no message and ends.
        }

        Return(new Pending(pending.Group, pending.Message, pending.Count));
    }

    /// <summary>Redelivers an event of a lost consumer as the rules say.</summary>
    public async Task AbandonedAsync(Pending pending, CancellationToken stopping)
    {
        if (_rules.AbandonTime(pending.Group.Component) is { } wait)
        {
            await Task.Delay(wait, _time, stopping);
            Return(pending);
        }
    }

    /// <summary>Puts an event back at the head of its queue.</summary>
    public void Return(Pending pending)
    {
        pending.Returns++;
        InboxOf(pending.Group).Put(pending);
    }

    /// <summary>Whether an event has reached its maximum number of deliveries.</summary>
    public bool DeliveriesExhausted(Pending pending) => pending.Count >= _rules.MaxDeliveries(pending.Group.Component);

    /// <summary>Handles a delivery that failed after all retries.</summary>
    public async Task FailAsync(Pending pending, string reason, CancellationToken stopping)
    {
        if (pending.Group.Route?.DeadLetterTopic is not null)
        {
            await DropAsync(pending, reason, stopping);
            return;
        }

        switch (_rules.OfFailure(pending.Group.Component, pending.Count, _time.GetElapsedTime(pending.Started)))
        {
            case Failure.Again:
                await Task.Delay(PauseAfterFailure, _time, stopping);
                Return(pending);
                break;
            case Failure.Lost:
                await DropAsync(pending, reason, stopping);
                break;
            default:
                LogPending(logger, pending.Message, pending.Group.Subscription.Topic, reason);
                break;
        }
    }

    /// <summary>Dead-letters an event in one commit, or discards it when its subscription has no dead-letter topic.</summary>
    public async Task DropAsync(Pending pending, string reason, CancellationToken stopping)
    {
        var subscription = pending.Group.Subscription;
        if (pending.Group.Route?.DeadLetterTopic is not { } deadLetterTopic)
        {
            await DiscardAsync(pending, reason);
            return;
        }

        LogDeadLettered(logger, pending.Message, subscription.Topic, subscription.AppId, reason, deadLetterTopic);
        pending.IsSettled = true;
        var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        try
        {
            await database.WriteAsync(
                session =>
                {
                    var message = MessageTable.Get(session, pending.Message);
                    MessageTable.Acknowledge(session, pending.Message, subscription.Id);
                    return message is null
                        ? (0, [])
                        : MessageTable.Publish(
                            session,
                            new NewMessage(
                                subscription.PubSub, deadLetterTopic, message.Body, message.Metadata, now, _rules.WritesExpiration ? message.Expires : null),
                            isKept: true);
                },
                ((long Message, long[] Groups) dead) => Enqueue(dead.Message, dead.Groups));
        }
        catch (Microsoft.Data.Sqlite.SqliteException failure)
        {
            LogDeadLetterFailed(logger, pending.Message, failure);
            pending.IsSettled = false;
            await Task.Delay(TimeSpan.FromSeconds(1), _time, stopping);
            Return(pending);
        }
    }

    /// <summary>Discards an event.</summary>
    public Task DiscardAsync(Pending pending, string reason)
    {
        LogDiscarded(logger, pending.Message, pending.Group.Subscription.Topic, reason);
        _interceptor?.Lost(pending.Event, reason);
        return AcknowledgeAsync(pending);
    }

    /// <summary>Deletes events that nobody fetched for 30 days.</summary>
    public void DeleteExpired()
    {
        var before = (_time.GetUtcNow() - Retention).ToUnixTimeMilliseconds();
        database.Post(session => MessageTable.DeleteOlder(session, before));
    }

    private void Enqueue(long message, long[] groups)
    {
        foreach (var id in groups)
        {
            if (_groups.TryGetValue(id, out var group))
            {
                Enqueue(new Pending(group, message, 0));
            }
        }
    }

    private void Enqueue(Pending pending)
    {
        if (_interceptor is null)
        {
            Return(pending);
        }
        else
        {
            _ = QueueAsync(pending, _interceptor);
        }
    }

    // The event is already stored: if the sidecar stops meanwhile, it is delivered after the next start.
    private async Task QueueAsync(Pending pending, ISidecarInterceptor interceptor)
    {
        await interceptor.QueueAsync(pending.Event);
        Return(pending);
    }

    // The events of a group whose component is no longer declared stay in the database only.
    private Group? AddGroup(Subscription subscription)
    {
        var component = resources.Components.FirstOrDefault(component => component.IsPubSub && component.Name == subscription.PubSub);
        if (component is null)
        {
            return null;
        }

        var group = new Group(subscription, component);
        if (_groups.TryAdd(subscription.Id, group))
        {
            _inboxes.GetOrAdd((subscription.AppId, subscription.PubSub), _ => new Inbox(component)).Add(group);
        }

        return group;
    }

    private Inbox InboxOf(Group group) => _inboxes[(group.Subscription.AppId, group.Subscription.PubSub)];

    [LoggerMessage(Level = LogLevel.Warning, Message = "Dead-lettering message {Message} on {Topic} for {AppId} ({Reason}) to {Destination}")]
    private static partial void LogDeadLettered(ILogger logger, long message, string topic, string appId, string reason, string destination);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Failed to deliver message {Message} on {Topic} ({Reason}), which has no dead-letter topic; will redeliver after its claim time")]
    private static partial void LogPending(ILogger logger, long message, string topic, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Discarded message {Message} on {Topic}: {Reason}")]
    private static partial void LogDiscarded(ILogger logger, long message, string topic, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Failed to dead-letter message {Message}; will redeliver it")]
    private static partial void LogDeadLetterFailed(ILogger logger, long message, Exception failure);
}
