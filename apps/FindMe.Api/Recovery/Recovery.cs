using System.ComponentModel.DataAnnotations;
using Dapr;
using Dapr.Client;
using FindMe.Pipeline;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>How searches are looked after. Section <c>Recovery</c> of the configuration; checked at start.</summary>
public sealed class RecoveryOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "Recovery";

    /// <summary>
    /// Time between two looks at the open searches, 100 ms to 10 min. Default 5 s: what is to be retried or continued at a certain time is
    /// requested so much later at most. Each look costs one read of the store, and two of each open search.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a search may stand still before what is missing of it is requested again, 1 s to 1 h. Default 45 s
    /// (<see cref="TimeBudget.RecoveryTimeout"/>): later than the broker hands on what a dead replica held. Doubled each time that nothing comes of it.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan Timeout { get; set; } = TimeBudget.RecoveryTimeout;
}

[OptionsValidator]
internal sealed partial class RecoveryOptionsValidator : IValidateOptions<RecoveryOptions>;

/// <summary>Looks after every open search until it has ended: the one place where a step is requested that nobody else requests.</summary>
/// <remarks>
/// The rules, for each search, in the order in which they apply:
/// <list type="number">
/// <item>It has ended, or is gone: its last line goes into the audit log, and it leaves the list.</item>
/// <item>Its first step, or the one that continues it, was saved but not published: it is published.</item>
/// <item>The source made it wait, and the time is over: the next page is requested, once.</item>
/// <item>A step of it failed every time, and is to be retried now: what is missing is requested, for the last time.</item>
/// <item>Photos of it failed every time, and are to be retried now: they are requested, for the last time.</item>
/// <item>It has stood still for the timeout, doubled with each time that it was resumed: what is missing is requested, but only what was sent
/// longer ago than the timeout, since the handler of anything later may still be at work. A long queue is no standstill: photos of others that
/// were sent later must have been settled, or nothing at all must have moved for as long.</item>
/// </list>
/// A search that was deleted is swept once more: some stores let a writer that read just before bring back a deleted key.
/// The last rule is a safety net: a broker should not lose accepted events, but a stuck search must still recover.
/// What is known stands in the store, so that neither a restart nor another replica begins anew. One replica is the owner at a time. It may die
/// between two writes, and the next one then does a step twice, which is safe, or writes a line of the audit log twice.
/// </remarks>
internal sealed partial class Recovery(
    OpenSearches open, SearchReader reader, SearchDeletion deletion, SearchAudit audit, DaprClient dapr, IOptions<RecoveryOptions> options, IConfiguration configuration, TimeProvider time, ILogger<Recovery> logger)
    : BackgroundService
{
    // Longer than it takes from writing a search down to publishing its first step.
    private static readonly TimeSpan UntilRequested = TimeSpan.FromSeconds(5);

    // Longer than it takes from writing a search down to its document.
    private static readonly TimeSpan UntilSaved = TimeSpan.FromMinutes(1);

    // Batches that are sent at the same moment are noted in any order: longer than it takes to publish one and to note it.
    private static readonly TimeSpan SendingTime = TimeSpan.FromSeconds(5);

    // Resumed so often, a search is resumed every 45 s × 2^5 = 24 minutes.
    private const int MaxDoublings = 5;

    // Longer than a look at hundreds of searches takes. A look that is longer all the same is saved too, search by search.
    private TimeSpan Lease => TimeSpan.FromSeconds(Math.Max(30, 3 * options.Value.Interval.TotalSeconds));

    // The same after a restart: an app that is killed again and again goes on with what it owns. On Azure each replica has a name of its own.
    private readonly string _me = $"{Environment.MachineName}/{configuration["APP_PORT"]}";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The first look comes at once: an app that is killed again and again may not live until the second.
        using var timer = new PeriodicTimer(options.Value.Interval, time);
        do
        {
            try
            {
                await LookAsync(stoppingToken);
            }
            catch (DaprException exception)
            {
                LogUnavailable(logger, options.Value.Interval, exception.Message);
            }
            catch (Exception exception) when (exception is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                // Thrown on, it would end the app.
                LogFailed(logger, options.Value.Interval, exception);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task LookAsync(CancellationToken cancellationToken)
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

        var looks = new List<Look>();
        foreach (var search in owned.Searches)
        {
            try
            {
                looks.Add(new Look(search, await SearchProgress.ReadAsync(dapr, search, cancellationToken)));
            }
            catch (Exception exception) when (exception is not (DaprException or OperationCanceledException))
            {
                LogOneFailed(logger, search.Id, exception);
            }
        }

        var queueAt = looks.Select(look => look.Progress?.NewestSettling() ?? default).Append(owned.QueueAt).Max();
        var anyProgressAt = looks.Any(look => look.HasMoved) ? now : owned.AnyProgressAt;
        var seen = new Dictionary<OpenSearch, OpenSearch?>();
        foreach (var look in looks)
        {
            try
            {
                seen[look.Search] = await SettleAsync(look, queueAt, anyProgressAt, now, cancellationToken);
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                // It stays as it is, and the others are looked after all the same.
                LogOneFailed(logger, look.Search.Id, exception);
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

    // What was added meanwhile, or goes on again, stays as it is.
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

    // The search as it is to stand in the list; null: it leaves it.
    private async Task<OpenSearch?> SettleAsync(Look look, DateTimeOffset queueAt, DateTimeOffset anyProgressAt, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var (open, progress) = (look.Search, look.Progress);
        // It has just been added: its document is not there yet, or is that of before it goes on.
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
        if (look.HasMoved)
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

    // What is requested again before its handler has run does nothing the second time.
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

        if (progress.UnderWay.Sum(batch => batch.DueForRetry(now).Count()) is > 0 and var photos)
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

    [LoggerMessage(Level = LogLevel.Warning, Message = "Search {SearchId} was saved but not requested; requesting it now.")]
    private static partial void LogRequested(ILogger logger, string searchId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Search {SearchId} has made no progress for {Elapsed}; requesting again what is missing.")]
    private static partial void LogStalled(ILogger logger, string searchId, TimeSpan elapsed);

    [LoggerMessage(Level = LogLevel.Information, Message = "Search {SearchId}: a step failed every time; requesting what is missing for the last time.")]
    private static partial void LogRetried(ILogger logger, string searchId);

    [LoggerMessage(Level = LogLevel.Information, Message = "Search {SearchId}: {Photos} photos failed every time; requesting them for the last time.")]
    private static partial void LogPhotosRetried(ILogger logger, string searchId, int photos);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The open searches could not be read; will retry in {Interval}: {Reason}")]
    private static partial void LogUnavailable(ILogger logger, TimeSpan interval, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Failed to look after search {SearchId}; will retry.")]
    private static partial void LogOneFailed(ILogger logger, string searchId, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Failed to look after the open searches; will retry in {Interval}.")]
    private static partial void LogFailed(ILogger logger, TimeSpan interval, Exception exception);

    /// <summary>A search of the list, and how it stands at this look.</summary>
    private sealed record Look(OpenSearch Search, SearchProgress? Progress)
    {
        public bool HasMoved { get; } = Progress is not null && Progress.ToString() != Search.Progress;
    }
}

/// <summary>Registers what looks after searches.</summary>
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
