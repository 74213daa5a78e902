using System.ComponentModel.DataAnnotations;
using Dapr;
using Dapr.Client;
using FindMe.Pipeline;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>How open searches are checked. Section <c>Recovery</c> of the configuration; checked at start.</summary>
public sealed class RecoveryOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "Recovery";

    /// <summary>
    /// Interval between two checks of the open searches, 100 ms to 10 min. Default 5 s, the longest delay of a scheduled retry or continuation.
    /// Each check makes one read of the store, plus two for each open search.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a search may make no progress before its missing work is requested again, 1 s to 1 h. Default 45 s
    /// (<see cref="TimeBudget.RecoveryTimeout"/>), after the broker has redelivered the events of a dead replica. Doubles with each fruitless attempt.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan Timeout { get; set; } = TimeBudget.RecoveryTimeout;
}

[OptionsValidator]
internal sealed partial class RecoveryOptionsValidator : IValidateOptions<RecoveryOptions>;

/// <summary>Checks every open search until it has ended, and requests the steps that nothing else requests.</summary>
/// <remarks>
/// The rules for each search, in order:
/// <list type="number">
/// <item>It has ended or is deleted: write its last line to the audit log, and remove it from the list.</item>
/// <item>The step that starts or continues it was saved but not published: publish it.</item>
/// <item>The source's rate limit has ended: request the next page, once.</item>
/// <item>A step whose deliveries were exhausted is due for its last retry: request the missing work.</item>
/// <item>Photos whose deliveries were exhausted are due for their last retry: request them.</item>
/// <item>It made no progress for the timeout, which doubles with each attempt: request the missing work, but only photos sent before the
/// timeout, because the handlers of later ones may still be running. Waiting in a long queue is no stall: either photos of other searches that
/// were sent later must be settled, or no search at all may have made progress for as long.</item>
/// </list>
/// A deleted search is swept once more, because some stores let a concurrent writer recreate a deleted key.
/// The last rule is a safety net: a broker should not lose accepted events, but a stuck search must still recover.
/// All progress is in the store, so that it survives restarts and changes of the replica. One replica owns the list at a time. If it crashes between
/// two writes, the next owner may repeat a step, which is safe, or repeat a line of the audit log.
/// </remarks>
internal sealed partial class Recovery(
    OpenSearches open, SearchReader reader, SearchDeletion deletion, SearchAudit audit, DaprClient dapr, IOptions<RecoveryOptions> options, IConfiguration configuration, TimeProvider time, ILogger<Recovery> logger)
    : BackgroundService
{
    // Longer than it takes from listing a search to publishing its first step.
    private static readonly TimeSpan UntilRequested = TimeSpan.FromSeconds(5);

    // Longer than it takes from listing a search to saving its document.
    private static readonly TimeSpan UntilSaved = TimeSpan.FromMinutes(1);

    // Batches sent at the same time may be marked in any order: longer than it takes to publish a batch and mark it.
    private static readonly TimeSpan SendingTime = TimeSpan.FromSeconds(5);

    // After that many attempts a search is resumed every 45 s × 2^5 = 24 minutes.
    private const int MaxDoublings = 5;

    // Longer than a check of hundreds of searches takes. The result of an even longer check is still saved, per search.
    private TimeSpan Lease => TimeSpan.FromSeconds(Math.Max(30, 3 * options.Value.Interval.TotalSeconds));

    // Stable across restarts, so that an app that is killed repeatedly keeps its lease. On Azure each replica has a name of its own.
    private readonly string _me = $"{Environment.MachineName}/{configuration["APP_PORT"]}";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The first check comes at once: an app that is killed repeatedly may not live until the second.
        using var timer = new PeriodicTimer(options.Value.Interval, time);
        do
        {
            try
            {
                await CheckAsync(stoppingToken);
            }
            catch (DaprException exception)
            {
                LogUnavailable(logger, options.Value.Interval, exception.Message);
            }
            catch (Exception exception) when (exception is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                // An exception thrown from here would stop the app.
                LogFailed(logger, options.Value.Interval, exception);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task CheckAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var list = await open.ReadAsync(cancellationToken);
        if (list.Searches.Count + list.Deleted.Count == 0 || (list.Owner != _me && list.OwnerUntil > now))
        {
            return;
        }

        var owned = await open.UpdateAsync(
            current => current.Owner != _me && current.OwnerUntil > now ? current : current with { Owner = _me, OwnerUntil = now + Lease },
            cancellationToken);
        if (owned.Owner != _me)
        {
            return;
        }

        var checks = new List<CheckedSearch>();
        foreach (var search in owned.Searches)
        {
            try
            {
                checks.Add(new CheckedSearch(search, await SearchProgress.ReadAsync(dapr, search, cancellationToken)));
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                // Leave this search unchanged and go on with the others.
                LogOneFailed(logger, search.Id, exception);
            }
        }

        var queueAt = checks.Select(check => check.Progress?.NewestSettling() ?? default).Append(owned.QueueAt).Max();
        var anyProgressAt = checks.Any(check => check.HasMoved) ? now : owned.AnyProgressAt;
        var seen = new Dictionary<OpenSearch, OpenSearch?>();
        foreach (var check in checks)
        {
            try
            {
                seen[check.Search] = await SettleAsync(check, queueAt, anyProgressAt, now, cancellationToken);
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                LogOneFailed(logger, check.Search.Id, exception);
            }
        }

        var swept = new HashSet<DeletedSearch>();
        foreach (var deleted in owned.Deleted.Where(deleted => deleted.SweepAt <= now))
        {
            await deletion.SweepAsync(deleted.Id, deleted.Listings, cancellationToken);
            swept.Add(deleted);
        }

        await open.UpdateAsync(current => Apply(current, seen, swept, queueAt, anyProgressAt), cancellationToken);
    }

    // Searches that were added or changed in the meantime stay unchanged.
    private static OpenSearchList Apply(
        OpenSearchList current, Dictionary<OpenSearch, OpenSearch?> seen, HashSet<DeletedSearch> swept, DateTimeOffset queueAt, DateTimeOffset anyProgressAt)
    {
        var searches = current.Searches
            .Select(search => seen.TryGetValue(search, out var known) ? known : search)
            .OfType<OpenSearch>()
            .ToList();
        return searches.SequenceEqual(current.Searches) && swept.Count == 0 && queueAt <= current.QueueAt && anyProgressAt <= current.AnyProgressAt
            ? current
            : current with
            {
                Searches = searches,
                Deleted = [.. current.Deleted.Where(deleted => !swept.Contains(deleted))],
                QueueAt = Later(queueAt, current.QueueAt),
                AnyProgressAt = Later(anyProgressAt, current.AnyProgressAt),
            };
    }

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;

    // Returns the new entry of a search; null to remove it from the list.
    private async Task<OpenSearch?> SettleAsync(CheckedSearch check, DateTimeOffset queueAt, DateTimeOffset anyProgressAt, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var (open, progress) = (check.Search, check.Progress);
        // It was just added or continued, and its new document is not saved yet.
        if ((progress is null || progress.Search.Generation < open.Generation) && open.BegunAt + UntilSaved > now)
        {
            return open;
        }

        if (progress is null || progress.IsEnded())
        {
            audit.WriteEnd(open, progress is null ? null : await reader.TryReadAsync(open.Id, open.Person, cancellationToken));
            return null;
        }

        open = await RequestDueAsync(open, progress, now, cancellationToken);
        if (check.HasMoved)
        {
            return open with { Settled = progress.Settled, Progress = progress.ToString(), ProgressAt = now, OvertakenAt = null, Resumed = 0 };
        }

        var oldestSent = progress.OldestSent();
        open = open with { OvertakenAt = oldestSent + SendingTime < queueAt ? open.OvertakenAt ?? now : null };
        var timeout = options.Value.Timeout;
        var stillSince = progress.Search.WaitingUntil > open.ProgressAt ? progress.Search.WaitingUntil.Value : open.ProgressAt;
        var isStalled = stillSince + (timeout * Math.Pow(2, Math.Min(open.Resumed, MaxDoublings))) <= now
            && (oldestSent is null || open.OvertakenAt + timeout <= now || anyProgressAt + timeout <= now);
        if (!isStalled)
        {
            return open;
        }

        LogStalled(logger, open.Id, now - open.ProgressAt);
        await dapr.PublishAsync(new ResumeSearch { SearchId = open.Id, SentBefore = now - timeout }, cancellationToken);
        return open with { Resumed = open.Resumed + 1 };
    }

    // Idempotent: a step that is requested again before its handler ran is done once.
    private async Task<OpenSearch> RequestDueAsync(OpenSearch search, SearchProgress progress, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var state = progress.Search;
        if (state is { Requested: false, Stage: SearchStage.Listing } && search.BegunAt + UntilRequested < now)
        {
            LogRequested(logger, search.Id);
            await open.RequestAsync(state, cancellationToken);
        }

        if (state.RetryStepAt <= now)
        {
            LogRetried(logger, search.Id);
            await dapr.PublishAsync(new ResumeSearch { SearchId = search.Id, SentBefore = now - options.Value.Timeout, LastTry = true }, cancellationToken);
        }

        if (progress.InProgress.Sum(batch => batch.DueForRetry(now).Count()) is > 0 and var photos)
        {
            LogPhotosRetried(logger, search.Id, photos);
            await dapr.PublishAsync(new RetryFailedPhotos { SearchId = search.Id }, cancellationToken);
        }

        if (state is { Stage: SearchStage.Listing, WaitingUntil: { } until } && until <= now && until != search.WaitRequested)
        {
            await dapr.PublishAsync(ListPage.After(state), cancellationToken);
            return search with { WaitRequested = until };
        }

        return search;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Search {SearchId} was saved, but its next step was not published; publishing it now.")]
    private static partial void LogRequested(ILogger logger, string searchId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Search {SearchId} has made no progress for {Elapsed}; requesting its missing work again.")]
    private static partial void LogStalled(ILogger logger, string searchId, TimeSpan elapsed);

    [LoggerMessage(Level = LogLevel.Information, Message = "Search {SearchId}: deliveries of a step are exhausted; requesting its missing work one last time.")]
    private static partial void LogRetried(ILogger logger, string searchId);

    [LoggerMessage(Level = LogLevel.Information, Message = "Search {SearchId}: deliveries of {Photos} photos are exhausted; requesting them one last time.")]
    private static partial void LogPhotosRetried(ILogger logger, string searchId, int photos);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Failed to read the open searches; will retry in {Interval}: {Reason}")]
    private static partial void LogUnavailable(ILogger logger, TimeSpan interval, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Failed to check search {SearchId}; will retry.")]
    private static partial void LogOneFailed(ILogger logger, string searchId, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Failed to check the open searches; will retry in {Interval}.")]
    private static partial void LogFailed(ILogger logger, TimeSpan interval, Exception exception);

    /// <summary>An open search with its current progress.</summary>
    private sealed record CheckedSearch(OpenSearch Search, SearchProgress? Progress)
    {
        public bool HasMoved { get; } = Progress is not null && Progress.ToString() != Search.Progress;
    }
}

internal static class RecoveryServices
{
    public static void AddRecovery(this IServiceCollection services)
    {
        services.AddOptions<RecoveryOptions>().BindConfiguration(RecoveryOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<RecoveryOptions>, RecoveryOptionsValidator>();
        services.AddSingleton<OpenSearches>();
        services.AddHostedService<Recovery>();
    }
}
