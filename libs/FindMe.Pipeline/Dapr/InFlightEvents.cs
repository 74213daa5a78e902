using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Http;

namespace FindMe.Pipeline;

/// <summary>Handles only one delivery of an event at a time in this process: a concurrent redelivery waits for the first one and returns its result.</summary>
/// <remarks>
/// A broker redelivers an event when its claim time expires, even if the first delivery is still being handled. Without this class the second
/// one would compare the photo or list the page again, only to find the work done.
/// </remarks>
internal sealed class InFlightEvents
{
    private static readonly Counter<long> Joined = PipelineMetrics.CreateCounter(
        "findme.events.joined", "{event}", "Redeliveries that waited for an earlier delivery of the same event in progress and returned its result.");

    private readonly ConcurrentDictionary<string, Task<object?>> _events = new(StringComparer.Ordinal);

    /// <summary>Handles a delivery, or waits for the one in progress.</summary>
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
                // The first delivery was cancelled because its caller disconnected: handle this one.
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
