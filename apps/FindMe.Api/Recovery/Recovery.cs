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

    /// <summary>Time between two looks at the open searches, 1 s to 10 min. Default 5 s. Each costs one read of the store, and one of each open search.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a search may stand still before what is missing of it is asked for again, 1 s to 1 h. Default 45 s
    /// (<see cref="TimeBudget.RecoveryTimeout"/>): later than the broker hands on what a dead replica held. Doubled each time that nothing comes of it.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan Timeout { get; set; } = TimeBudget.RecoveryTimeout;
}

[OptionsValidator]
internal sealed partial class RecoveryOptionsValidator : IValidateOptions<RecoveryOptions>;

/// <summary>Looks after every open search until it has ended: the one place where a search that stands still is found.</summary>
/// <remarks>
/// Safety net: a broker should not lose accepted events, but a stuck search must still recover. The rules, in the order in which they apply:
/// a search that has ended, or is gone, gets its last line in the audit log and leaves the list;
/// one whose first step was saved but not published is published;
/// one that a network makes wait is left alone until then;
/// one that has stood still for the timeout, doubled with each time it was asked for, is asked for again, but only what was sent longer ago
/// than the timeout: the handler of anything later may still be at work. A long queue is no standstill: photos of others that were sent
/// later must have been settled, or nothing at all must have moved for as long.
/// What is known stands in the store, so that neither a restart nor another replica begins anew. One replica is the owner at a time. It may die
/// between two writes, and the next one then does a step twice, which is safe, or writes a line of the audit log twice.
/// </remarks>
internal sealed partial class Recovery(
    OpenSearches open, SearchReader reader, SearchAudit audit, DaprClient dapr, IOptions<RecoveryOptions> options, IConfiguration configuration, TimeProvider time, ILogger<Recovery> logger)
    : BackgroundService
{
    // Longer than it takes from writing a search down to publishing its first step.
    private static readonly TimeSpan UntilRequested = TimeSpan.FromSeconds(5);

    // Longer than it takes from writing a search down to its document.
    private static readonly TimeSpan UntilSaved = TimeSpan.FromMinutes(1);

    // Asked for so often, a search is asked for every 45 s × 2^5 = 24 minutes.
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
        if (list.Searches.Count == 0 || (list.Owner != _me && list.OwnerUntil > now))
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
                looks.Add(new Look(search, await reader.TryReadAsync(search.Id, search.Person, cancellationToken)));
            }
            catch (Exception exception) when (exception is not (DaprException or OperationCanceledException))
            {
                LogOneFailed(logger, search.Id, exception);
            }
        }

        var queueAt = looks.Select(look => look.QueueAt).Append(owned.QueueAt).Max();
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

        await open.UpdateAsync(current => Apply(current, seen, queueAt, anyProgressAt), cancellationToken);
    }

    // What was added meanwhile, or goes on again, stays as it is.
    private static OpenSearchList Apply(OpenSearchList current, Dictionary<OpenSearch, OpenSearch?> seen, DateTimeOffset queueAt, DateTimeOffset anyProgressAt)
    {
        var searches = current.Searches
            .Select(search => seen.TryGetValue(search, out var known) ? known : search)
            .OfType<OpenSearch>()
            .ToList();
        return searches.SequenceEqual(current.Searches) && queueAt <= current.QueueAt && anyProgressAt <= current.AnyProgressAt
            ? current
            : current with { Searches = searches, QueueAt = Later(queueAt, current.QueueAt), AnyProgressAt = Later(anyProgressAt, current.AnyProgressAt) };
    }

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;

    // The search as it is to stand in the list; null: it leaves it.
    private async Task<OpenSearch?> SettleAsync(Look look, DateTimeOffset queueAt, DateTimeOffset anyProgressAt, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var (search, snapshot) = (look.Search, look.Snapshot);
        // It has just been written down: its document is not there yet, or is that of before it goes on.
        if ((snapshot is null || snapshot.Search.Generation < search.Generation) && search.BegunAt + UntilSaved > now)
        {
            return search;
        }

        if (snapshot is null || snapshot.IsEnded())
        {
            audit.WriteEnd(search, snapshot);
            return null;
        }

        if (snapshot.Search is { Requested: false, Listings: 0, Stage: SearchStage.Listing } && search.BegunAt + UntilRequested < now)
        {
            LogRequested(logger, search.Id);
            await reader.RequestAsync(snapshot.Search, cancellationToken);
        }

        if (look.HasMoved)
        {
            return search with { Progress = look.Progress, ProgressAt = now, OvertakenAt = null, Asked = 0 };
        }

        search = search with { OvertakenAt = look.OldestSent < queueAt ? search.OvertakenAt ?? now : null };
        var timeout = options.Value.Timeout;
        var waitsUntil = snapshot.Search.WaitingUntil > search.ProgressAt ? snapshot.Search.WaitingUntil.Value : search.ProgressAt;
        var isDue = waitsUntil + (timeout * Math.Pow(2, Math.Min(search.Asked, MaxDoublings))) <= now
            && (look.OldestSent is null || search.OvertakenAt + timeout <= now || anyProgressAt + timeout <= now);
        if (!isDue)
        {
            return search;
        }

        LogStalled(logger, search.Id, now - search.ProgressAt);
        await dapr.PublishAsync(new SearchRequest { SearchId = search.Id, Again = RetryScope.Unsettled, SentBefore = now - timeout }, cancellationToken);
        return search with { Asked = search.Asked + 1 };
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Search {SearchId} was saved but not requested; requesting it now.")]
    private static partial void LogRequested(ILogger logger, string searchId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Search {SearchId} has made no progress for {Elapsed}; asking again for what is missing.")]
    private static partial void LogStalled(ILogger logger, string searchId, TimeSpan elapsed);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The open searches could not be read; will retry in {Interval}: {Reason}")]
    private static partial void LogUnavailable(ILogger logger, TimeSpan interval, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Failed to look after search {SearchId}; will retry.")]
    private static partial void LogOneFailed(ILogger logger, string searchId, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Failed to look after the open searches; will retry in {Interval}.")]
    private static partial void LogFailed(ILogger logger, TimeSpan interval, Exception exception);

    /// <summary>A search as it stands at this look.</summary>
    private sealed record Look(OpenSearch Search, SearchSnapshot? Snapshot)
    {
        /// <summary>How far it has come: any step of it changes this.</summary>
        public string? Progress { get; } = Snapshot is null ? null
            : $"{Snapshot.Search.Stage}/{Snapshot.Search.Listings}/{Snapshot.Search.Pages.Count}/{Snapshot.Search.Generation}/{Snapshot.Settled}/{Snapshot.Shards.Sum(shard => shard.Photos.Count(photo => photo.Failed))}";

        public bool HasMoved => Progress is not null && Progress != Search.Progress;

        /// <summary>When its newest wave was sent of which a photo is settled.</summary>
        public DateTimeOffset QueueAt { get; } = Waves(Snapshot).Where(wave => wave.AnySettled).Max(wave => (DateTimeOffset?)wave.SentAt) ?? default;

        /// <summary>When its oldest wave was sent that is not settled; null: none is under way.</summary>
        public DateTimeOffset? OldestSent { get; } = Waves(Snapshot).Where(wave => !wave.AllSettled).Min(wave => (DateTimeOffset?)wave.SentAt);

        private static IEnumerable<(DateTimeOffset SentAt, bool AnySettled, bool AllSettled)> Waves(SearchSnapshot? snapshot)
        {
            var shards = snapshot?.Shards ?? [];
            var first = 0;
            foreach (var page in snapshot?.Search.Pages ?? [])
            {
                var ofPage = shards.Skip(first).Take(PageLayout.ShardsOf(page.Photos)).ToList();
                first += ofPage.Count;
                var settled = ofPage.SelectMany(shard => shard.Photos).ToLookup(photo => PageLayout.WaveOf(photo.Index), photo => photo.Verdict is not null);
                foreach (var wave in settled)
                {
                    if (PageLayout.SentAt(ofPage, wave.Key) is { } sent)
                    {
                        yield return (sent, wave.Any(isSettled => isSettled), wave.All(isSettled => isSettled));
                    }
                }
            }
        }
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
