using System.Text.Json.Serialization;
using Dapr;
using Dapr.Client;

namespace FindMe.Pipeline;

/// <summary>Steps of searches to ask for later. Lies under <see cref="StateKeys.DelayedSteps"/>.</summary>
public sealed record DelayedStepList : Document
{
    /// <summary>The steps, each once, in no order.</summary>
    [JsonPropertyName("wakeups")]
    public IReadOnlyList<DelayedStep> Steps { get; init; } = [];
}

/// <summary>A step of a search to ask for later.</summary>
/// <param name="Id">New each time the step is noted: a step noted again while it is being asked for is not forgotten.</param>
/// <param name="Request">The step.</param>
/// <param name="At">When.</param>
public sealed record DelayedStep(Guid Id, SearchRequest Request, DateTimeOffset At);

/// <summary>
/// The steps of searches that have to wait: for a network's rate limit, or before a photo is tried once more. Nobody holds a message
/// or a worker meanwhile. Api, which always runs, asks for what is due.
/// </summary>
/// <remarks>Dapr's pub/sub has no delay that every broker knows, hence a list in the state store.</remarks>
/// <param name="dapr">The state store and the broker.</param>
/// <param name="time">The clock.</param>
public sealed class DelayedSteps(DaprClient dapr, TimeProvider time)
{
    // Longer than any search is kept: a step whose search is gone does nothing.
    private static readonly TimeSpan TimeToLive = TimeSpan.FromDays(60);

    /// <summary>Notes a step; once this returns, it will be asked for. The same step noted before is replaced, so that the later time holds.</summary>
    /// <param name="request">The step.</param>
    /// <param name="at">When; in the past: at the next look.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">It is not known whether it was noted; noting it again is safe.</exception>
    public Task AddAsync(SearchRequest request, DateTimeOffset at, CancellationToken cancellationToken) =>
        dapr.CreateOrUpdateStateAsync<DelayedStepList>(
            StateKeys.DelayedSteps,
            list => (list ?? new DelayedStepList()) with
            {
                Steps =
                [
                    .. (list?.Steps ?? []).Where(step => step.Request.EventId() != request.EventId()),
                    new DelayedStep(Guid.NewGuid(), request, at),
                ],
            },
            _ => TimeToLive,
            cancellationToken);

    /// <summary>Asks for the steps that are due, and then forgets them: dying in between asks twice, which is safe.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How many steps were asked for.</returns>
    /// <exception cref="DaprException">Some may not have been asked for; they are still noted.</exception>
    public async Task<int> PublishDueAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var noted = await dapr.GetStateAsync<DelayedStepList>(StateKeys.Store, StateKeys.DelayedSteps, cancellationToken);
        var due = noted?.Steps.Where(step => step.At <= now).ToList() ?? [];
        if (due.Count == 0)
        {
            return 0;
        }

        foreach (var step in due)
        {
            await dapr.PublishAsync(step.Request, cancellationToken);
        }

        var asked = due.Select(step => step.Id).ToHashSet();
        await dapr.UpdateStateAsync<DelayedStepList>(
            StateKeys.DelayedSteps,
            list => list with { Steps = [.. list.Steps.Where(step => !asked.Contains(step.Id))] },
            _ => TimeToLive,
            cancellationToken);
        return due.Count;
    }
}
