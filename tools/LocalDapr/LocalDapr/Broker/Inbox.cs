namespace LocalDapr;

/// <summary>An event in the queue of a group, or in delivery to one of its replicas.</summary>
internal sealed class Pending(Group group, long message, int count)
{
    public Group Group { get; } = group;

    public long Message { get; } = message;

    /// <summary>Deliveries started, including the current one.</summary>
    public int Count { get; set; } = count;

    /// <summary>Start of the current delivery, as a timestamp of the clock.</summary>
    public long Started { get; set; }

    /// <summary>How often a consumer returned it to its queue.</summary>
    public int Returns { get; set; }

    /// <summary>Whether this delivery acknowledged or dead-lettered it.</summary>
    public bool IsSettled { get; set; }

    /// <summary>The event as interceptors see it; created on first use.</summary>
    public SidecarEvent Event => field ??= new SidecarEvent(Group.Subscription.AppId, Group.Subscription.Topic, Message);
}

/// <summary>The queue of one consumer group: oldest event first, including redeliveries.</summary>
internal sealed class Group(Subscription subscription, Component component)
{
    public Subscription Subscription { get; } = subscription;

    public Component Component { get; } = component;

    /// <summary>Guarded by the inbox's lock.</summary>
    public PriorityQueue<Pending, long> Waiting { get; } = new();

    /// <summary>Where to deliver events; null until the app subscribes. Writes are guarded by the inbox's lock.</summary>
    public Route? Route { get; set; }

    /// <summary>Whether events can be delivered. Guarded by the inbox's lock.</summary>
    public bool IsOpen => Route is not null;
}

/// <summary>The queues of one app on one component. All its replicas take events from them, round-robin over the topics.</summary>
internal sealed class Inbox(Component component)
{
    private readonly Lock _lock = new();
    private readonly List<Group> _groups = [];
    private readonly Queue<TaskCompletionSource<Pending>> _takers = new();
    private int _lastGroup;

    public Component Component { get; } = component;

    public void Add(Group group)
    {
        lock (_lock)
        {
            _groups.Add(group);
        }
    }

    public void Put(Pending pending)
    {
        lock (_lock)
        {
            Place(pending);
        }
    }

    /// <summary>Sets the routes of the app's groups. Events of a group without a route wait.</summary>
    public void SetRoutes(IReadOnlyList<Route> routes)
    {
        lock (_lock)
        {
            foreach (var group in _groups)
            {
                group.Route = routes.FirstOrDefault(route => route.Topic == group.Subscription.Topic);
                while (group.IsOpen && _takers.Count > 0 && group.Waiting.TryDequeue(out var pending, out _))
                {
                    Place(pending);
                }
            }
        }
    }

    /// <summary>Takes the next event, round-robin over the topics; waits if there is none.</summary>
    public async Task<Pending> TakeAsync(CancellationToken cancellationToken)
    {
        TaskCompletionSource<Pending> taker;
        lock (_lock)
        {
            for (var i = 1; i <= _groups.Count; i++)
            {
                var group = _groups[(_lastGroup + i) % _groups.Count];
                if (group.IsOpen && group.Waiting.TryDequeue(out var pending, out _))
                {
                    _lastGroup = (_lastGroup + i) % _groups.Count;
                    return pending;
                }
            }

            taker = new TaskCompletionSource<Pending>(TaskCreationOptions.RunContinuationsAsynchronously);
            _takers.Enqueue(taker);
        }

        await using var cancelled = cancellationToken.Register(() => taker.TrySetCanceled(cancellationToken));
        return await taker.Task;
    }

    private void Place(Pending pending)
    {
        if (!pending.Group.IsOpen || !TryHandOver(pending))
        {
            pending.Group.Waiting.Enqueue(pending, pending.Message);
        }
    }

    // Call only while no open group has an older event.
    private bool TryHandOver(Pending pending)
    {
        while (_takers.TryDequeue(out var taker))
        {
            if (taker.TrySetResult(pending))
            {
                return true;
            }
        }

        return false;
    }
}
