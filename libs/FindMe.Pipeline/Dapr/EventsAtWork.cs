using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Http;

namespace FindMe.Pipeline;

/// <summary>One delivery of an event at a time in this process: a second one waits for the first, and takes its answer.</summary>
/// <remarks>
/// A broker hands an event on when its claim time is over, also where the first delivery is still at work. Whatever the second one would do,
/// it would find done; without this it would compare the photo or list the page all the same.
/// </remarks>
internal sealed class EventsAtWork
{
    private static readonly Counter<long> Joined = PipelineMetrics.CreateCounter(
        "findme.events.joined", "{event}", "Deliveries that met an earlier one of the same event still at work, and took its answer.");

    private readonly ConcurrentDictionary<string, Task<object?>> _events = new(StringComparer.Ordinal);

    /// <summary>Handles a delivery, or waits for the one that is at work.</summary>
    public async ValueTask<object?> HandleAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next, string topic)
    {
        if (context.Arguments.OfType<ReceivedEvent>().FirstOrDefault()?.Id is not { Length: > 0 } id)
        {
            return await next(context);
        }

        var key = $"{topic} {id}";
        var aborted = context.HttpContext.RequestAborted;
        while (true)
        {
            var mine = new TaskCompletionSource<object?>(TaskCreationOptions.RunContinuationsAsynchronously);
            var first = _events.GetOrAdd(key, mine.Task);
            if (first == mine.Task)
            {
                return await HandleFirstAsync(context, next, key, mine);
            }

            Joined.Add(1, new KeyValuePair<string, object?>("topic", topic));
            try
            {
                return await first.WaitAsync(aborted);
            }
            catch (OperationCanceledException) when (!aborted.IsCancellationRequested)
            {
                // Whoever delivered the first one is gone, and its work was cancelled: it is this one's turn.
            }
        }
    }

    private async Task<object?> HandleFirstAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next, string key, TaskCompletionSource<object?> mine)
    {
        try
        {
            var answer = await next(context);
            _events.TryRemove(key, out _);
            mine.SetResult(answer);
            return answer;
        }
        catch (OperationCanceledException)
        {
            _events.TryRemove(key, out _);
            mine.SetCanceled(CancellationToken.None);
            throw;
        }
        catch (Exception exception)
        {
            _events.TryRemove(key, out _);
            mine.SetException(exception);
            _ = mine.Task.Exception;
            throw;
        }
    }
}
