using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace LocalDapr;

/// <summary>The embedded broker: events in the database, and in memory only what waits for whom.</summary>
/// <remarks>
/// A group, once an app subscribed, is kept for good, as a Service Bus subscription is: what is published while the app is away waits for it.
/// What is published before a topic has any group waits for the first one, as a Redis stream does.
/// </remarks>
internal sealed partial class Broker(
    Database database, DeclaredResources resources, BrokerProfile profile, ISidecarInterceptor? interceptor, TimeProvider time, ILogger logger)
{
    // Events that nobody fetched and dead letters that nobody read; without an end a renamed app's group would grow for ever.
    private static readonly TimeSpan KeepForgotten = TimeSpan.FromDays(30);

    // Service Bus gives an abandoned message back at once; daprd's maxRetriableErrorsPerSec (10) is what keeps that from spinning.
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentDictionary<long, Group> _groups = new();
    private readonly ConcurrentDictionary<(string AppId, string PubSub), Inbox> _inboxes = new();

    /// <summary>Takes up what the last run left.</summary>
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

    /// <summary>Stores events, all or none, and hands them to their groups; complete when they are safe.</summary>
    public Task PublishAsync(IReadOnlyList<NewMessage> messages) => database.WriteAsync(
        session => messages.Select(message => MessageTable.Publish(session, message, isKept: profile != BrokerProfile.RabbitMq)).ToArray(),
        published =>
        {
            foreach (var (message, groups) in published)
            {
                Enqueue(message, groups);
            }
        });

    /// <summary>Makes an app's subscriptions known, for good, and opens their queues.</summary>
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
        // A replica without subscriptions, or with an error for an answer, changes nothing for the others of its app.
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

    /// <summary>Writes down how often an event was delivered, so that one that ends the whole machine is counted too.</summary>
    public void Count(Pending pending)
    {
        var (message, group, count) = (pending.Message, pending.Group.Subscription.Id, pending.Count);
        database.Post(session => MessageTable.SetCount(session, message, group, count));
    }

    public void Acknowledge(Pending pending)
    {
        pending.IsSettled = true;
        database.Post(session => MessageTable.Acknowledge(session, pending.Message, pending.Group.Subscription.Id));
    }

    /// <summary>Acknowledges, and completes once that is in the file.</summary>
    public Task AcknowledgeSafelyAsync(Pending pending)
    {
        pending.IsSettled = true;
        return database.WriteAsync(session =>
        {
            MessageTable.Acknowledge(session, pending.Message, pending.Group.Subscription.Id);
            return true;
        });
    }

    /// <summary>Whether a failed event stays with its group: always with Redis up to 1.16; later only when the handler was beyond its time.</summary>
    public bool StaysPending(Pending pending, TimeSpan elapsed) =>
        profile == BrokerProfile.Redis116 || (profile == BrokerProfile.Redis118 && elapsed >= InboxOf(pending).Component.ProcessingTimeout);

    /// <summary>Whether RabbitMQ queues a failed event again: <c>requeueInFailure</c> of its component.</summary>
    public bool Requeues(Pending pending) => InboxOf(pending).Component.RequeuesFailed;

    private bool IsRedis => profile is BrokerProfile.Redis116 or BrokerProfile.Redis118;

    /// <summary>Events that one replica takes beside those it handles.</summary>
    public int HeldBy(Component component) => IsRedis ? component.QueueDepth : 0;

    /// <summary>
    /// An event was left unacknowledged by a consumer that has gone. It is handed on when its claim time is over: by Redis since it was taken
    /// (<see cref="ReclaimAsync"/>), by Service Bus since now, and by RabbitMQ at once.
    /// </summary>
    public async Task AbandonedAsync(Pending pending, CancellationToken stopping)
    {
        if (IsRedis)
        {
            return;
        }

        if (profile == BrokerProfile.ServiceBus)
        {
            await Task.Delay(InboxOf(pending).Component.LockDuration, time, stopping);
        }

        Return(pending);
    }

    /// <summary>
    /// Redis hands an event out once more when it has not been acknowledged in time: since it failed, since it is still at work, or since its
    /// consumer has gone. The time begins when a consumer takes it, also where it waits there.
    /// </summary>
    public async Task ReclaimAsync(Pending pending, CancellationToken stopping)
    {
        if (!IsRedis || pending.Copied is not null || InboxOf(pending).Component.ReclaimAfter is not { } idle)
        {
            return;
        }

        await Task.Delay(idle, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            if (!stopping.IsCancellationRequested && !pending.IsSettled
                && database.Read(session => MessageTable.IsWaiting(session, pending.Message, pending.Group.Subscription.Id)))
            {
                Return(new Pending(pending.Group, pending.Message, pending.Count));
            }
        }
        catch (Microsoft.Data.Sqlite.SqliteException)
        {
            // Whether it waits cannot be read now: handed on for nothing it is found settled.
            Return(new Pending(pending.Group, pending.Message, pending.Count));
        }
    }

    /// <summary>Has an event that is on its way delivered once more, by whichever replica is free.</summary>
    public void Repeat(Pending pending, StoredMessage message) => InboxOf(pending).Put(new Pending(pending.Group, pending.Message, pending.Count + 1) { Copied = message });

    /// <summary>Back to the head of its queue, at once.</summary>
    public void Return(Pending pending) => InboxOf(pending).Put(pending);

    /// <summary>Whether it was delivered as often as its component allows.</summary>
    public bool DeliveriesExhausted(Pending pending) => profile == BrokerProfile.ServiceBus && pending.Count >= InboxOf(pending).Component.MaxDeliveries;

    /// <summary>Back to its queue after a delivery that failed, or dead when it was the last one.</summary>
    public async Task AbandonAsync(Pending pending, bool atOnce, CancellationToken stopping)
    {
        if (DeliveriesExhausted(pending))
        {
            await DeadLetterAsync(pending, $"{pending.Count} deliveries failed", stopping);
            return;
        }

        if (!atOnce)
        {
            await Task.Delay(PauseAfterFailure, time, stopping);
        }

        Return(pending);
    }

    /// <summary>Takes an event out: to its dead letter topic if it has one, in the same commit, or else to the dead letters.</summary>
    public async Task DeadLetterAsync(Pending pending, string reason, CancellationToken stopping)
    {
        var subscription = pending.Group.Subscription;
        var deadLetterTopic = pending.Group.Route?.DeadLetterTopic;
        LogDead(logger, pending.Message, subscription.Topic, subscription.AppId, reason, deadLetterTopic ?? "the dead letters");
        if (deadLetterTopic is null)
        {
            interceptor?.Lost(pending.Event, reason);
        }

        pending.IsSettled = true;
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        // Where the envelope says when it expires, the dead letter expires then too.
        var hasOwnTimeToLive = InboxOf(pending).Component.HasTimeToLive;
        try
        {
            await database.WriteAsync(
                session =>
                {
                    if (deadLetterTopic is null)
                    {
                        MessageTable.DeadLetter(session, pending.Message, subscription, reason, now);
                        return (0, []);
                    }

                    var message = MessageTable.Get(session, pending.Message);
                    MessageTable.Acknowledge(session, pending.Message, subscription.Id);
                    return message is null
                        ? (0, [])
                        : MessageTable.Publish(
                            session, new NewMessage(subscription.PubSub, deadLetterTopic, message.Body, message.Metadata, now, hasOwnTimeToLive ? null : message.Expires));
                },
                ((long Message, long[] Groups) dead) => Enqueue(dead.Message, dead.Groups));
        }
        catch (Microsoft.Data.Sqlite.SqliteException failure)
        {
            LogNotBuried(logger, pending.Message, failure);
            pending.IsSettled = false;
            await Task.Delay(TimeSpan.FromSeconds(1), time, stopping);
            Return(pending);
        }
    }

    /// <summary>Deletes what nobody came for.</summary>
    public void DeleteForgotten()
    {
        var before = (time.GetUtcNow() - KeepForgotten).ToUnixTimeMilliseconds();
        database.Post(session => MessageTable.DeleteForgotten(session, before));
    }

    /// <summary>Gives an event up without a trace, as brokers do that have no dead letters of their own.</summary>
    public void Lose(Pending pending, string reason)
    {
        LogLost(logger, pending.Message, pending.Group.Subscription.Topic, reason);
        interceptor?.Lost(pending.Event, reason);
        Acknowledge(pending);
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
        if (interceptor is null)
        {
            InboxOf(pending).Put(pending);
        }
        else
        {
            _ = PutInTimeAsync(pending, interceptor);
        }
    }

    // What waits here is in the database; if the sidecar ends meanwhile, it comes after the next start.
    private async Task PutInTimeAsync(Pending pending, ISidecarInterceptor awaited)
    {
        await awaited.QueueAsync(pending.Event);
        InboxOf(pending).Put(pending);
    }

    // A group whose component is not declared any more keeps its events in the database only.
    private Group? AddGroup(Subscription subscription)
    {
        var component = resources.Components.FirstOrDefault(component => component.IsPubSub && component.Name == subscription.PubSub);
        if (component is null)
        {
            return null;
        }

        var group = new Group(subscription);
        if (_groups.TryAdd(subscription.Id, group))
        {
            _inboxes.GetOrAdd((subscription.AppId, subscription.PubSub), _ => new Inbox(component)).Add(group);
        }

        return group;
    }

    private Inbox InboxOf(Pending pending) => InboxOf(pending.Group);

    private Inbox InboxOf(Group group) => _inboxes[(group.Subscription.AppId, group.Subscription.PubSub)];

    [LoggerMessage(Level = LogLevel.Warning, Message = "Message {Message} on {Topic} for {AppId} is dead ({Reason}); it goes to {Destination}")]
    private static partial void LogDead(ILogger logger, long message, string topic, string appId, string reason, string destination);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Message {Message} on {Topic} is gone, since {Reason} and the subscription has no dead letter topic")]
    private static partial void LogLost(ILogger logger, long message, string topic, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Message {Message} could not be dead-lettered and is delivered again")]
    private static partial void LogNotBuried(ILogger logger, long message, Exception failure);
}
