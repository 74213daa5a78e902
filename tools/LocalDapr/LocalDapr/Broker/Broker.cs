using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace LocalDapr;

/// <summary>The embedded broker: events in the database, and in memory only what waits for whom.</summary>
/// <remarks>
/// A group, once an app subscribed, is kept for good: what is published while the app is away waits for it. What is published before a topic has
/// any group waits for the first one. <see cref="SidecarRules"/> says what becomes of an event that failed or whose consumer has gone.
/// </remarks>
internal sealed partial class Broker(
    Database database, DeclaredResources resources, SidecarOptions options, ILogger logger)
{
    // Events that nobody fetched; without an end a renamed app's group would grow for ever.
    private static readonly TimeSpan KeepForgotten = TimeSpan.FromDays(30);

    // Keeps what comes again at once from spinning, as daprd's maxRetriableErrorsPerSec (10) does.
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromMilliseconds(100);

    private readonly SidecarRules _rules = options.Rules;
    private readonly ISidecarInterceptor? _interceptor = options.Interceptor;
    private readonly TimeProvider _time = options.TimeProvider;
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
        session => messages.Select(message => MessageTable.Publish(session, message, _rules.KeepsUnclaimed)).ToArray(),
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

    /// <summary>Takes an event out; completes once that is in the file.</summary>
    public async Task AcknowledgeAsync(Pending pending)
    {
        await database.WriteAsync(session => MessageTable.Acknowledge(session, pending.Message, pending.Group.Subscription.Id));
        pending.IsSettled = true;
    }

    /// <summary>
    /// Hands an event out once more when it has not been acknowledged within its claim time: since it failed, since it is still at work, or since
    /// its consumer has gone. The time begins when a consumer takes it, also where it waits there.
    /// </summary>
    public async Task ReclaimAsync(Pending pending, CancellationToken stopping)
    {
        if (_rules.ClaimTime(pending.Group.Component) is not { } claimTime)
        {
            return;
        }

        var returns = pending.Returns;
        await Task.Delay(claimTime, _time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // One that came back meanwhile waits in its queue, or has a new claim time.
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
            // Whether it waits cannot be read now: handed on for nothing it is found settled.
        }

        Return(new Pending(pending.Group, pending.Message, pending.Count));
    }

    /// <summary>An event was left unacknowledged by a consumer that has gone.</summary>
    public async Task AbandonedAsync(Pending pending, CancellationToken stopping)
    {
        if (_rules.AbandonTime(pending.Group.Component) is { } wait)
        {
            await Task.Delay(wait, _time, stopping);
            Return(pending);
        }
    }

    /// <summary>Back to the head of its queue, at once.</summary>
    public void Return(Pending pending)
    {
        pending.Returns++;
        InboxOf(pending.Group).Put(pending);
    }

    /// <summary>Whether its deliveries broke off as often as they may.</summary>
    public bool DeliveriesExhausted(Pending pending) => pending.Count >= _rules.MaxDeliveries(pending.Group.Component);

    /// <summary>Ends a delivery that failed, retries included.</summary>
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

    /// <summary>Takes an event out: to its dead-letter topic if it has one, in the same commit, or else without a trace.</summary>
    public async Task DropAsync(Pending pending, string reason, CancellationToken stopping)
    {
        var subscription = pending.Group.Subscription;
        if (pending.Group.Route?.DeadLetterTopic is not { } deadLetterTopic)
        {
            await LoseAsync(pending, reason);
            return;
        }

        LogDead(logger, pending.Message, subscription.Topic, subscription.AppId, reason, deadLetterTopic);
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
            LogNotDead(logger, pending.Message, failure);
            pending.IsSettled = false;
            await Task.Delay(TimeSpan.FromSeconds(1), _time, stopping);
            Return(pending);
        }
    }

    /// <summary>Gives an event up without a trace.</summary>
    public Task LoseAsync(Pending pending, string reason)
    {
        LogLost(logger, pending.Message, pending.Group.Subscription.Topic, reason);
        _interceptor?.Lost(pending.Event, reason);
        return AcknowledgeAsync(pending);
    }

    /// <summary>Deletes what nobody came for.</summary>
    public void DeleteForgotten()
    {
        var before = (_time.GetUtcNow() - KeepForgotten).ToUnixTimeMilliseconds();
        database.Post(session => MessageTable.DeleteForgotten(session, before));
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
            _ = PutInTimeAsync(pending, _interceptor);
        }
    }

    // What waits here is in the database; if the sidecar ends meanwhile, it comes after the next start.
    private async Task PutInTimeAsync(Pending pending, ISidecarInterceptor awaited)
    {
        await awaited.QueueAsync(pending.Event);
        Return(pending);
    }

    // A group whose component is not declared any more keeps its events in the database only.
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

    [LoggerMessage(Level = LogLevel.Warning, Message = "Message {Message} on {Topic} for {AppId} is dead ({Reason}); it goes to {Destination}")]
    private static partial void LogDead(ILogger logger, long message, string topic, string appId, string reason, string destination);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Message {Message} on {Topic} failed ({Reason}) and has no dead-letter topic; it is delivered again at the end of its claim time")]
    private static partial void LogPending(ILogger logger, long message, string topic, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Message {Message} on {Topic} is gone, since {Reason} and the subscription has no dead-letter topic")]
    private static partial void LogLost(ILogger logger, long message, string topic, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Message {Message} could not be dead-lettered and is delivered again")]
    private static partial void LogNotDead(ILogger logger, long message, Exception failure);
}
