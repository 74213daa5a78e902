using System.Collections.Concurrent;
using System.ComponentModel.DataAnnotations;
using System.Runtime.CompilerServices;

namespace LocalDapr.Faults;

/// <summary>Injects the faults of a plan, calls an observer, and records violations of subscribers.</summary>
public sealed class FaultInjection : ISidecarInterceptor
{
    // Limits memory when an app violates a rule with every event.
    private const int MaxViolations = 1000;

    private const string Reason = "fault injection";

    private readonly FaultDecisions? _decisions;
    private readonly ConditionalWeakTable<SidecarEvent, EventFaults> _faults = [];
    private readonly ConditionalWeakTable<SidecarEvent, ObservedCall> _deliveries = [];
    private readonly ConcurrentDictionary<(string AppId, ObservedKind Kind), StrongBox<long>> _ordinals = new();
    private readonly ConcurrentQueue<SubscriberViolation> _violations = new();
    private readonly Lock _lock = new();
    private readonly List<HeldEvent> _held = [];

    /// <summary>The faults to inject; null for none.</summary>
    /// <exception cref="ValidationException">A value is out of range.</exception>
    public FaultPlan? Plan
    {
        get => _decisions?.Plan;
        init
        {
            if (value is not null)
            {
                Validator.ValidateObject(value, new ValidationContext(value), validateAllProperties: true);
                _decisions = new FaultDecisions(value, Counters);
            }
        }
    }

    /// <summary>Called before and after every state write, publish and settled delivery, which wait for it; null for none.</summary>
    public Func<ObservedCall, Task>? Observe { get; init; }

    /// <summary>The clock for delays.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Counts of the injected faults.</summary>
    public FaultCounters Counters { get; } = new();

    /// <summary>The first 1,000 violations of subscribers, oldest first.</summary>
    public IReadOnlyList<SubscriberViolation> Violations => [.. _violations];

    /// <inheritdoc/>
    public async Task<ApiError?> CallAsync(SidecarCall called, Func<Task<ApiError?>> proceed)
    {
        if (called.Kind == CallKind.StateRead)
        {
            await SlowDownAsync(called.AppId);
            return Strikes(called, FaultKind.StateReadError) ? called.Failed(Reason) : await proceed();
        }

        var isWrite = called.Kind == CallKind.StateWrite;
        var observed = await ObservedBeforeAsync(called.AppId, isWrite ? ObservedKind.StateWrite : ObservedKind.Publish, called.Operation, called.Target);
        if (isWrite)
        {
            await SlowDownAsync(called.AppId);
        }

        var result = Strikes(called, isWrite ? FaultKind.StateWriteError : FaultKind.PublishError) ? called.Failed(Reason)
            : called.IsConditional && Strikes(called, FaultKind.Conflict) ? called.Conflict!()
            : await proceed();
        if (result is not null)
        {
            return result;
        }

        if (observed is not null)
        {
            await Observe!(observed with { Point = ObservedPoint.After });
        }

        return Strikes(called, isWrite ? FaultKind.LostStateReply : FaultKind.LostPublishReply) ? called.Failed(Reason)
            : called.IsConditional && Strikes(called, FaultKind.RepeatedWrite) ? called.Conflict!()
            : result;
    }

    /// <inheritdoc/>
    public async Task QueueAsync(SidecarEvent queued)
    {
        if (_decisions is null)
        {
            return;
        }

        var faults = _decisions.OfEvent(queued.AppId);
        _faults.Add(queued, faults);
        if (faults.Delay > TimeSpan.Zero)
        {
            await Task.Delay(faults.Delay, TimeProvider);
            Counters.Add(FaultKind.Delay);
        }

        if (faults.ReorderBy > 0)
        {
            await HoldAsync(new HeldEvent(queued, faults), _decisions.Plan.ReorderHold);
        }
    }

    /// <inheritdoc/>
    public async Task<DeliveryResult> DeliverAsync(SidecarEvent delivered, Func<Task<DeliveryResult>> proceed)
    {
        CountLaterEvents(delivered);
        if (_faults.TryGetValue(delivered, out var faults))
        {
            if (faults.Lose)
            {
                Counters.Add(FaultKind.Loss);
                return new DeliveryResult(Reply.Done);
            }

            if (faults.PassedBy > 0)
            {
                faults.PassedBy = 0;
                Counters.Add(FaultKind.Reorder);
            }
        }

        var result = await (faults?.Duplicate is true ? TwiceAsync(faults, proceed) : proceed());
        NoteViolation(delivered, result);
        if (result.Reply is Reply.Lost or Reply.Unreachable)
        {
            return result;
        }

        var meaning = result.Reply switch { Reply.Done => "done", Reply.Dropped or Reply.Unknown => "dropped", _ => "failed" };
        if (await ObservedBeforeAsync(delivered.AppId, ObservedKind.Delivery, meaning, delivered.Topic) is { } observed)
        {
            _deliveries.AddOrUpdate(delivered, observed);
        }

        if (result.Reply == Reply.Done && faults?.LoseAcknowledgement is true)
        {
            faults.LoseAcknowledgement = false;
            Counters.Add(FaultKind.LostAcknowledgement);
            return new DeliveryResult(Reply.Lost);
        }

        return result;
    }

    /// <inheritdoc/>
    public async Task SettledAsync(SidecarEvent settled)
    {
        if (Observe is not null && _deliveries.TryGetValue(settled, out var observed))
        {
            await Observe(observed with { Point = ObservedPoint.After });
        }
    }

    /// <inheritdoc/>
    public void Lost(SidecarEvent lost, string reason) => Note(ViolationKind.LostEvent, lost, reason);

    // The result of the first delivery counts, as with a broker that is acknowledged once.
    private async Task<DeliveryResult> TwiceAsync(EventFaults faults, Func<Task<DeliveryResult>> proceed)
    {
        faults.Duplicate = false;
        Counters.Add(FaultKind.Duplicate);
        return (await Task.WhenAll(proceed(), proceed()))[0];
    }

    private async Task<ObservedCall?> ObservedBeforeAsync(string appId, ObservedKind kind, string operation, string target)
    {
        if (Observe is null)
        {
            return null;
        }

        var ordinal = Interlocked.Increment(ref _ordinals.GetOrAdd((appId, kind), _ => new StrongBox<long>()).Value);
        var before = new ObservedCall(appId, kind, ObservedPoint.Before, ordinal, operation, target);
        await Observe(before);
        return before;
    }

    private bool Strikes(SidecarCall called, FaultKind kind) => _decisions?.StrikesCall(called.AppId, kind) is true;

    private async Task SlowDownAsync(string appId)
    {
        if (_decisions?.StrikesCall(appId, FaultKind.SlowState) is true)
        {
            await Task.Delay(_decisions.Plan.SlowState, TimeProvider);
        }
    }

    private async Task HoldAsync(HeldEvent held, TimeSpan longest)
    {
        lock (_lock)
        {
            _held.Add(held);
        }

        await Task.WhenAny(held.Released.Task, Task.Delay(longest, TimeProvider));
        lock (_lock)
        {
            _held.Remove(held);
        }
    }

    // Counts this event for all held events that it overtakes, and releases those that are due.
    private void CountLaterEvents(SidecarEvent delivered)
    {
        List<HeldEvent> due;
        lock (_lock)
        {
            var passed = _held.FindAll(held => held.Event.Sequence < delivered.Sequence && held.Event.AppId == delivered.AppId && held.Event.Topic == delivered.Topic);
            passed.ForEach(held => held.Faults.PassedBy++);
            due = passed.FindAll(held => held.Faults.PassedBy >= held.Faults.ReorderBy);
            due.ForEach(held => _held.Remove(held));
        }

        due.ForEach(held => held.Released.TrySetResult());
    }

    private void NoteViolation(SidecarEvent delivered, DeliveryResult result)
    {
        ViolationKind? kind = result.Status switch
        {
            404 => ViolationKind.NotFound,
            401 or 403 => ViolationKind.Unauthorized,
            >= 300 and <= 399 => ViolationKind.Redirect,
            >= 200 and <= 299 when result.Word is not (null or "" or "SUCCESS" or "RETRY" or "DROP") => ViolationKind.UnknownStatus,
            _ => null,
        };
        if (kind is { } found)
        {
            Note(found, delivered, $"status {result.Status}");
        }
    }

    private void Note(ViolationKind kind, SidecarEvent about, string detail)
    {
        if (_violations.Count < MaxViolations)
        {
            _violations.Enqueue(new SubscriberViolation(kind, about.AppId, about.Topic, about.Sequence, detail));
        }
    }

    // Released synchronously (no RunContinuationsAsynchronously), so that the event is queued before the next one is taken.
    private sealed record HeldEvent(SidecarEvent Event, EventFaults Faults)
    {
        public TaskCompletionSource Released { get; } = new();
    }
}
