using Dapr.Client;
using FindMe.Networks;
using FindMe.Pipeline;
using Microsoft.Extensions.Options;

namespace FindMe.Collect;

/// <summary>ListPage → one page of the source → its batches, then the page → the batches that are due → ListPage for the next page.</summary>
/// <remarks>
/// A page counts once the search's document lists it. A listing that crashes before leaves batches under its own number, which nobody
/// reads and which are deleted with the search. Two concurrent listings of a page write different batches, and one of them wins. The
/// highest cost of a page counts as spent before the request and is corrected with the page; the cost of a crashed listing stays.
/// </remarks>
internal sealed partial class SearchPages(
    DaprClient dapr, IEnumerable<IPhotoSource> sources, PhotoBatches batches, OptOuts optOuts, SearchCosts costs, IOptions<CollectOptions> options, TimeProvider time, ILogger<SearchPages> logger)
{
    /// <summary>Lists the page, if it is still the next one, and requests what follows.</summary>
    public async Task ListAsync(Search search, ListPage list, CancellationToken cancellationToken)
    {
        // The listing that stored the page requests the next one, also after a crash and redelivery. If an overtaken listing requested it
        // too, every further step would run twice, and each might be charged twice.
        var overtaken = false;
        if (search.Stage == SearchStage.Listing && list.Page == search.Pages.Count && !IsTooEarly(search))
        {
            (search, overtaken) = await ListNextAsync(search, cancellationToken);
        }

        if (!search.IsOpen())
        {
            return;
        }

        await batches.ReleaseDueAsync(search, list.Page, cancellationToken);

        // Recovery resumes a search that waits.
        if (!overtaken && search is { Stage: SearchStage.Listing, WaitingUntil: null } && list.Page + 1 == search.Pages.Count)
        {
            await dapr.PublishAsync(ListPage.After(search), cancellationToken);
        }
    }

    // Tolerates clock skew between machines.
    private bool IsTooEarly(Search search) => search.WaitingUntil > time.GetUtcNow() + TimeSpan.FromSeconds(1);

    // Returns the current search: with the page, with a time to wait for, or with the problem that stopped it. Also returns whether another listing
    // stored this page first, in which case that listing requests the next page.
    private async Task<(Search Search, bool Overtaken)> ListNextAsync(Search search, CancellationToken cancellationToken)
    {
        var before = search.Pages.Count;
        var source = sources.SingleOrDefault(source => source.Name == search.Source);
        if (source is null)
        {
            return WithoutPage(search, await StopAsync(search, 0, new SearchProblem("unknown-source", $"FindMe cannot search “{search.Source}”.", "Choose one of the offered sources."), cancellationToken));
        }

        var cost = 0m;
        Search begun;
        try
        {
            begun = await UpdateAsync(
                search,
                current =>
                {
                    cost = source.CostOfNextPage(current);
                    return current with { Requested = true, Listings = current.Listings + 1, Cost = current.Cost + cost, WaitingUntil = null };
                },
                cancellationToken);
        }
        catch (SourceException exception)
        {
            return WithoutPage(search, await StopAsync(search, 0, exception.Problem, cancellationToken));
        }

        if (begun.Pages.Count != before || begun.Stage != SearchStage.Listing)
        {
            return WithoutPage(search, begun);
        }

        try
        {
            var listed = await ListInTimeAsync(source, begun with { Cost = begun.Cost - cost }, cancellationToken);
            return await WriteAsync(begun, listed, cost, cancellationToken);
        }
        catch (SourceException exception)
        {
            return WithoutPage(search, await StopAsync(begun, cost, exception.Problem, cancellationToken));
        }
        catch (SourceWaitException exception)
        {
            return WithoutPage(search, await WaitAsync(begun, cost, exception.Until, attempts: 0, cancellationToken));
        }
        catch (SourceUnavailableException exception)
        {
            LogUnavailable(logger, begun.Id, begun.Attempts + 1, exception.Message);
            var refund = exception.MayHaveCost ? 0 : cost;
            if (begun.Attempts + 1 >= options.Value.MaxAttempts)
            {
                var problem = new SearchProblem("source-unavailable", exception.Message, "What was found stays. Continue the search later: it resumes where it stopped.");
                return WithoutPage(search, await StopAsync(begun, refund, problem, cancellationToken));
            }

            var wait = options.Value.FirstWait * Math.Pow(2, begun.Attempts) * (0.75 + (Random.Shared.NextDouble() / 2));
            return WithoutPage(search, await WaitAsync(begun, refund, time.GetUtcNow() + wait, begun.Attempts + 1, cancellationToken));
        }
    }

    private async Task<SourcePage> ListInTimeAsync(IPhotoSource source, Search search, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(options.Value.PageTime);
        try
        {
            return await source.ListAsync(search, deadline.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new SourceUnavailableException($"The source did not answer within {options.Value.PageTime.TotalSeconds:0.#} s.", mayHaveCost: true);
        }
    }

    // This listing stored no page, so an additional page comes from another listing.
    private static (Search Search, bool Overtaken) WithoutPage(Search before, Search now) => (now, now.Pages.Count != before.Pages.Count);

    private async Task<(Search Search, bool Overtaken)> WriteAsync(Search begun, SourcePage listed, decimal reserved, CancellationToken cancellationToken)
    {
        var known = await KnownAsync(begun, cancellationToken);
        var (photos, notices) = PhotoBounds.Apply(listed.Photos);
        var fresh = photos.Where(photo => !optOuts.Includes(photo.Post.Network ?? "", photo.Post.Author) && known.Add(photo.Id)).ToList();
        var seenBefore = photos.Except(fresh).Select(photo => photo.Post.Id).Distinct().Count();
        var posts = listed.Posts - seenBefore;
        var (next, isLast) = (listed.Next, listed.Next is null);
        if (!isLast && IsEndless(begun, fresh.Count))
        {
            notices = [.. notices, "There may be more photos: FindMe stopped at its page limit."];
            (next, isLast) = (null, true);
        }

        if (fresh.Count > SearchPage.MaxPhotos)
        {
            // Requests the same page again for the photos that did not fit; those that are listed by then are dropped as duplicates.
            fresh = fresh[..SearchPage.MaxPhotos];
            posts = fresh.Select(photo => photo.Post.Id).Distinct().Count() - seenBefore;
            (next, isLast) = (begun.Next, false);
        }

        // Check again, because batches written after the search was deleted would stay until they expire.
        var now = await dapr.GetStateAsync<Search>(StateKeys.Store, StateKeys.Search(begun.Id), cancellationToken);
        if (now?.Stage != SearchStage.Listing || now.Pages.Count != begun.Pages.Count)
        {
            return (await costs.CorrectAsync(now ?? begun with { Stage = SearchStage.Deleted }, listed.Cost - reserved, cancellationToken), true);
        }

        var page = new SearchPage(begun.Listings, fresh.Count, begun.BatchCount());
        await dapr.SaveBulkStateAsync(StateKeys.Store, BatchesOf(begun.Id, page, fresh), begun.TimeToLive(time.GetUtcNow()), cancellationToken);
        var written = await UpdateAsync(
            begun,
            current =>
            {
                var ended = isLast || current.Posts + posts >= (current.Terms.Limit ?? int.MaxValue);
                return current with
                {
                    Pages = [.. current.Pages, page],
                    Posts = current.Posts + Math.Max(0, posts),
                    Next = next,
                    Newest = listed.Newest ?? current.Newest,
                    Cost = current.Cost - reserved + listed.Cost,
                    Attempts = 0,
                    Notices = [.. current.Notices.Union(listed.Notices).Union(notices).Take(Search.MaxNotices)],
                    Stage = ended ? SearchStage.Listed : current.Stage,
                    Problem = ended && fresh.Count == 0 && current.Pages.All(earlier => earlier.Photos == 0) ? Nothing(begun) : null,
                };
            },
            cancellationToken);
        if (!written.Pages.Contains(page))
        {
            await dapr.DeleteBulkStateAsync(StateKeys.Store, [.. page.BatchKeys(begun.Id)], cancellationToken);

            // The request was charged nevertheless: count its actual cost.
            return (await costs.CorrectAsync(written, listed.Cost - reserved, cancellationToken), true);
        }

        LogPage(logger, begun.Id, begun.Pages.Count, fresh.Count);
        return (written, false);
    }

    // An untrusted source may return pages forever, or in a cycle. Pages without new photos can be legitimate: another instance listed the same posts before.
    private bool IsEndless(Search search, int fresh) =>
        search.Pages.Count + 1 >= options.Value.MaxPages
        || (fresh == 0 && search.Pages.Reverse().TakeWhile(page => page.Photos == 0).Count() + 1 >= 10 * options.Value.MaxBarrenPages);

    // Pages overlap, because posts arrive in between and instances know the same posts. The stored batches hold every photo that is listed.
    private async Task<HashSet<string>> KnownAsync(Search search, CancellationToken cancellationToken)
    {
        var listed = await dapr.GetBulkStateAsync(StateKeys.Store, [.. search.BatchKeys()], cancellationToken);
        return [.. listed.Values.SelectMany(entry => entry.Value.Read<PhotoBatch>().Photos).Select(photo => photo.Id)];
    }

    private static SearchProblem Nothing(Search search) => new(
        "no-photos", $"There are no photos in “{search.Query}”.", "Search something else, or search again later.");

    private static IEnumerable<(string Key, PhotoBatch Batch)> BatchesOf(string search, SearchPage page, IEnumerable<SourcePhoto> photos) => page
        .BatchKeys(search)
        .Zip(photos.Select((photo, index) => new BatchPhoto(index, photo.Id, photo.Post, photo.Locator)).Chunk(PhotoBatch.Size), (key, batch) => (key, new PhotoBatch { Photos = batch }));

    private Task<Search> StopAsync(Search search, decimal refund, SearchProblem problem, CancellationToken cancellationToken)
    {
        LogStopped(logger, search.Id, problem.Type);
        return UpdateAsync(
            search,
            current => current with
            {
                Stage = SearchStage.Listed,
                Stopped = true,
                Problem = problem,
                Cost = current.Cost - refund,
                WaitingUntil = null,
                Attempts = 0,
            },
            cancellationToken);
    }

    private Task<Search> WaitAsync(Search search, decimal refund, DateTimeOffset until, int attempts, CancellationToken cancellationToken)
    {
        LogWaiting(logger, search.Id, until);
        return UpdateAsync(
            search,
            current => current with { WaitingUntil = until, Generation = current.Generation + 1, Attempts = attempts, Cost = current.Cost - refund },
            cancellationToken);
    }

    // Does nothing if the page is already listed, or if the search is no longer open.
    private async Task<Search> UpdateAsync(Search search, Func<Search, Search> change, CancellationToken cancellationToken) =>
        await dapr.UpdateStateAsync<Search>(
            StateKeys.Search(search.Id),
            current => current.Stage == SearchStage.Listing && current.Pages.Count == search.Pages.Count ? change(current) : current,
            current => current.TimeToLive(time.GetUtcNow()),
            cancellationToken)
        ?? search with { Stage = SearchStage.Deleted };

    [LoggerMessage(Level = LogLevel.Information, Message = "Search {SearchId}: listed page {Page} with {Photos} photos.")]
    private static partial void LogPage(ILogger logger, string searchId, int page, int photos);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Search {SearchId} stopped: {Problem}.")]
    private static partial void LogStopped(ILogger logger, string searchId, string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "Search {SearchId} waits until {Until:O}.")]
    private static partial void LogWaiting(ILogger logger, string searchId, DateTimeOffset until);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Search {SearchId}: attempt {Attempt} to list a page failed: {Reason}")]
    private static partial void LogUnavailable(ILogger logger, string searchId, int attempt, string reason);
}
