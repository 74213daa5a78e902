namespace LocalDapr;

/// <summary>An event that waits for a group, or is on its way to one of its replicas.</summary>
internal sealed class Pending(Group group, long message, int count)
{
    public Group Group { get; } = group;

    public long Message { get; } = message;

    /// <summary>Deliveries begun, the present one included.</summary>
    public int Count { get; set; } = count;

    /// <summary>When the present delivery began, as a timestamp of the clock.</summary>
    public long Started { get; set; }

    /// <summary>How often it came back to its queue from a consumer.</summary>
    public int Returns { get; set; }

    /// <summary>Acknowledged or dead, as far as this delivery knows.</summary>
    public bool IsSettled { get; set; }

    /// <summary>The event as an interceptor sees it; made only for one.</summary>
    public SidecarEvent Event => field ??= new SidecarEvent(Group.Subscription.AppId, Group.Subscription.Topic, Message);
}

/// <summary>The queue of one consumer group: oldest event first, also one that comes back.</summary>
internal sealed class Group(Subscription subscription, Component component)
{
    public Subscription Subscription { get; } = subscription;

    public Component Component { get; } = component;

    /// <summary>Guarded by the inbox.</summary>
    public PriorityQueue<Pending, long> Waiting { get; } = new();

    /// <summary>Where the app wants it; null while the app has not said so, and then it keeps waiting. Guarded by the inbox for writing.</summary>
    public Route? Route { get; set; }

    /// <summary>Whether an event may go now. Guarded by the inbox.</summary>
    public bool IsOpen => Route is not null;
}

/// <summary>What waits for one app on one component: the queues of its topics, taken from in turn by all replicas.</summary>
internal sealed class Inbox(Component component)
{
    private readonly Lock _lock = new();
    private readonly List<Group> _groups = [];
    private readonly Queue<TaskCompletionSource<Pending>> _takers = new();
    private int _turn;

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

    /// <summary>Sets where the app's groups go; those it does not name wait until it does.</summary>
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

    /// <summary>The next event, each topic in its turn; waits for one.</summary>
    public async Task<Pending> TakeAsync(CancellationToken cancellationToken)
    {
        TaskCompletionSource<Pending> taker;
        lock (_lock)
        {
            for (var i = 1; i <= _groups.Count; i++)
            {
                var group = _groups[(_turn + i) % _groups.Count];
                if (group.IsOpen && group.Waiting.TryDequeue(out var pending, out _))
                {
                    _turn = (_turn + i) % _groups.Count;
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

    // Only called while no group holds anything older that could go.
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
