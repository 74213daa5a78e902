using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace LocalDapr;

/// <summary>What a test puts between a call and its effect: chaos, and an observer. Without either a call passes through.</summary>
internal sealed class Interference(ChaosDecisions? chaos, Func<InterceptedCall, Task>? observer, TimeProvider time)
{
    private const string Reason = "chaos";

    private readonly ConcurrentDictionary<(string AppId, InterceptedKind Kind), StrongBox<long>> _ordinals = new();

    public ChaosDecisions? Chaos { get; } = chaos;

    /// <summary>Whether somebody waits for an acknowledgement to be in the file.</summary>
    public bool IsObserved => observer is not null;

    public async Task<ApiError?> ReadStateAsync(string appId, Func<string, ApiError> failed, Func<Task<ApiError?>> read)
    {
        if (Chaos is null)
        {
            return await read();
        }

        await SlowDownAsync(appId);
        return Chaos.StrikesCall(appId, ChaosKind.StateReadError) ? failed(Reason) : await read();
    }

    public async Task<ApiError?> WriteStateAsync(
        string appId, string operation, IReadOnlyList<StateWrite> writes, Func<int, string, ApiError> refused, string conflict, Func<Task<ApiError?>> apply)
    {
        if (Chaos is null && observer is null)
        {
            return await apply();
        }

        return await ObserveAsync(appId, InterceptedKind.StateWrite, operation, () => string.Join(',', writes.Select(write => write.Key)), async () =>
        {
            if (Chaos is null)
            {
                return await apply();
            }

            await SlowDownAsync(appId);
            return Chaos.StrikesCall(appId, ChaosKind.StateWriteError) ? refused(500, Reason)
                : writes.Any(write => write.IsConditional) && Chaos.StrikesCall(appId, ChaosKind.Conflict) ? refused(409, conflict)
                : await apply();
        })
            ?? (Chaos?.StrikesCall(appId, ChaosKind.LostStateReply) is true ? refused(500, Reason)
                : writes.Any(write => write.IsConditional) && Chaos?.StrikesCall(appId, ChaosKind.RepeatedWrite) is true ? refused(409, conflict)
                : null);
    }

    public async Task<ApiError?> PublishAsync(string appId, string operation, string topic, Func<string, ApiError> failed, Func<Task<ApiError?>> publish)
    {
        if (Chaos is null && observer is null)
        {
            return await publish();
        }

        return await ObserveAsync(
            appId,
            InterceptedKind.Publish,
            operation,
            () => topic,
            async () => Chaos?.StrikesCall(appId, ChaosKind.PublishError) is true ? failed(Reason) : await publish())
            ?? (Chaos?.StrikesCall(appId, ChaosKind.LostPublishReply) is true ? failed(Reason) : null);
    }

    /// <summary>Settles a delivery with the observer before and after it.</summary>
    public Task SettleAsync(string appId, string meaning, string topic, Func<Task> settle) => observer is null
        ? settle()
        : ObserveAsync(appId, InterceptedKind.Delivery, meaning, () => topic, async () =>
        {
            await settle();
            return null;
        });

    private async Task<ApiError?> ObserveAsync(string appId, InterceptedKind kind, string operation, Func<string> target, Func<Task<ApiError?>> call)
    {
        if (observer is null)
        {
            return await call();
        }

        var ordinal = Interlocked.Increment(ref _ordinals.GetOrAdd((appId, kind), _ => new StrongBox<long>()).Value);
        var before = new InterceptedCall(appId, kind, InterceptedPoint.Before, ordinal, operation, target());
        await observer(before);
        var error = await call();
        if (error is null)
        {
            await observer(before with { Point = InterceptedPoint.After });
        }

        return error;
    }

    private async Task SlowDownAsync(string appId)
    {
        if (Chaos!.StrikesCall(appId, ChaosKind.SlowState))
        {
            await Task.Delay(Chaos.Options.SlowState, time);
        }
    }
}
