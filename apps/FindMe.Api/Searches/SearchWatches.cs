using System.Runtime.CompilerServices;
using Dapr;
using FindMe.Pipeline;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>Watches searches: one reader a search, however many people look at it.</summary>
internal sealed partial class SearchWatches(SearchReader reader, IOptions<SearchOptions> options, ILogger<SearchWatches> logger)
{
    // Proxies close streams that are silent for a minute or more.
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Watch> _watches = [];

    /// <summary>The search now, and again whenever it has changed or nothing has for a while, until it has ended or is deleted.</summary>
    public async IAsyncEnumerable<SearchSnapshot> WatchAsync(string id, string person, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var watch = Join(id, person);
        try
        {
            SearchSnapshot? last = null;
            while (true)
            {
                var next = watch.NextAsync(last);
                if (await Task.WhenAny(next, Task.Delay(Heartbeat, cancellationToken)) != next)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    if (last is not null)
                    {
                        yield return last;
                    }

                    continue;
                }

                var snapshot = await next;
                if (snapshot is null)
                {
                    yield break;
                }

                yield return snapshot;
                if (snapshot.IsEnded())
                {
                    yield break;
                }

                last = snapshot;
            }
        }
        finally
        {
            Leave(id, watch);
        }
    }

    private Watch Join(string id, string person)
    {
        lock (_lock)
        {
            if (!_watches.TryGetValue(id, out var watch))
            {
                _watches[id] = watch = new Watch();
                _ = RunAsync(id, person, watch);
            }

            watch.Watchers++;
            return watch;
        }
    }

    private void Leave(string id, Watch watch)
    {
        lock (_lock)
        {
            if (--watch.Watchers == 0)
            {
                watch.Stopped.Cancel();
                if (_watches.GetValueOrDefault(id) == watch)
                {
                    _watches.Remove(id);
                }
            }
        }
    }

    private async Task RunAsync(string id, string person, Watch watch)
    {
        var settledBatches = new Dictionary<string, PhotoBatch>();
        try
        {
            while (true)
            {
                try
                {
                    var snapshot = await reader.TryReadAsync(id, person, watch.Stopped.Token, settledBatches);
                    watch.Set(snapshot);
                    if (snapshot?.IsEnded() != false)
                    {
                        break;
                    }
                }
                catch (DaprException exception)
                {
                    // The people who watch keep what they see; the next look may go well.
                    LogUnread(logger, id, exception);
                }

                await Task.Delay(options.Value.PollInterval, watch.Stopped.Token);
            }
        }
        catch (OperationCanceledException) when (watch.Stopped.IsCancellationRequested)
        {
            // Nobody looks any more.
        }
        catch (Exception exception)
        {
            watch.Fail(exception);
            throw;
        }
        finally
        {
            lock (_lock)
            {
                if (_watches.GetValueOrDefault(id) == watch)
                {
                    _watches.Remove(id);
                }
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Search {SearchId} could not be read.")]
    private static partial void LogUnread(ILogger logger, string searchId, Exception exception);

    /// <summary>One search that somebody looks at.</summary>
    private sealed class Watch
    {
        private readonly Lock _lock = new();
        private TaskCompletionSource<SearchSnapshot?> _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private Task<SearchSnapshot?>? _latest;
        private (SearchStage Stage, DateTimeOffset? WaitingUntil, int Posts, int Found, int Settled, string? Judgements) _seen;

        public int Watchers { get; set; }

        public CancellationTokenSource Stopped { get; } = new();

        /// <summary>The latest snapshot, or the next one where that is what the watcher has seen.</summary>
        public Task<SearchSnapshot?> NextAsync(SearchSnapshot? last)
        {
            lock (_lock)
            {
                return _latest is { IsCompletedSuccessfully: true } latest && last is not null && ReferenceEquals(latest.GetAwaiter().GetResult(), last)
                    ? _next.Task
                    : _latest ?? _next.Task;
            }
        }

        public void Set(SearchSnapshot? snapshot)
        {
            lock (_lock)
            {
                var seen = snapshot is null ? default : (snapshot.Search.Stage, snapshot.Search.WaitingUntil, snapshot.Search.Posts, snapshot.Found, snapshot.Settled, snapshot.Judgements);
                if (_latest is not null && snapshot is not null && seen == _seen)
                {
                    return;
                }

                _seen = seen;
                _next.SetResult(snapshot);
                _latest = _next.Task;
                _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        public void Fail(Exception exception)
        {
            lock (_lock)
            {
                _next.SetException(exception);
                _latest = _next.Task;
                _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }
}
