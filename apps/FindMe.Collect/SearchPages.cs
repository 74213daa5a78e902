using FindMe.Pipeline;
using FindMe.Pipeline.Dapr;

namespace FindMe.Collect;

/// <summary>Lists one page of a search and writes it: first that a listing begins, then the shards, then the page.</summary>
/// <remarks>
/// The page counts once it stands in the search's own document. A listing that dies before leaves shards that nobody reads, under
/// its own number; they go with the search. Two listings of one page at once write different shards, and one of them wins.
/// </remarks>
internal sealed partial class SearchPages(DaprClient dapr, IEnumerable<IPhotoSource> sources, TimeProvider time, ILogger<SearchPages> logger)
{
    /// <summary>Lists the page after the last one.</summary>
    /// <returns>The search as it is now, with the page or with the problem that ended it.</returns>
    public async Task<Search> ListAsync(Search search, CancellationToken cancellationToken)
    {
        var before = search.Pages.Count;
        var begun = await UpdateAsync(search, current => current with { Listings = current.Listings + 1 }, before, cancellationToken);
        if (begun.Pages.Count != before || begun.Stage != SearchStage.Listing)
        {
            return begun;
        }

        var source = sources.SingleOrDefault(source => source.Name == begun.Source);
        if (source is null)
        {
            return await FailAsync(begun, new SearchProblem("unknown-source", $"FindMe cannot search “{begun.Source}”.", "Choose one of the offered sources."), before, cancellationToken);
        }

        SourcePage listed;
        try
        {
            listed = await source.ListAsync(begun, cancellationToken);
        }
        catch (SourceException exception)
        {
            return await FailAsync(begun, exception.Problem, before, cancellationToken);
        }

        var page = new SearchPage(begun.Listings, listed.Photos.Count);
        await dapr.SaveBulkStateAsync(StateKeys.Store, ShardsOf(begun.Id, page, listed), begun.TimeToLive(time.GetUtcNow()), cancellationToken);
        var written = await UpdateAsync(
            begun,
            current => current with
            {
                Pages = [.. current.Pages, page],
                Posts = current.Posts + listed.Posts,
                Next = listed.Next,
                Stage = listed.Next is null ? SearchStage.Listed : current.Stage,
                Problem = listed.Next is null && before == 0 && listed.Photos.Count == 0 ? Nothing(begun) : null,
            },
            before,
            cancellationToken);
        LogPage(logger, begun.Id, before, listed.Photos.Count);
        return written;
    }

    private static SearchProblem Nothing(Search search) => new(
        "no-photos", $"There is not a single photo in “{search.Query}”.", "Choose another one, or come back when photos are there.");

    private static IEnumerable<(string Key, PhotoShard Shard)> ShardsOf(string search, SearchPage page, SourcePage listed) => listed.Photos
        .Select((photo, index) => new ShardPhoto(index, photo.Id, photo.Post, photo.Locator))
        .GroupBy(photo => PageLayout.ShardOf(photo.Index, page.Photos))
        .Select(shard => (StateKeys.Shard(search, page.Listing, shard.Key), new PhotoShard { Photos = [.. shard] }));

    private Task<Search> FailAsync(Search search, SearchProblem problem, int pages, CancellationToken cancellationToken)
    {
        LogFailed(logger, search.Id, problem.Type);
        return UpdateAsync(search, current => current with { Stage = SearchStage.Failed, Problem = problem }, pages, cancellationToken);
    }

    // Whoever comes second, to a page or to a search that is no longer open, changes nothing.
    private async Task<Search> UpdateAsync(Search search, Func<Search, Search> change, int pages, CancellationToken cancellationToken) =>
        await dapr.UpdateStateAsync<Search>(
            StateKeys.Search(search.Id),
            current => current.Stage == SearchStage.Listing && current.Pages.Count == pages ? change(current) : current,
            current => current.TimeToLive(time.GetUtcNow()),
            cancellationToken)
        ?? search with { Stage = SearchStage.Deleted };

    [LoggerMessage(Level = LogLevel.Information, Message = "Search {SearchId}: page {Page} has {Photos} photos.")]
    private static partial void LogPage(ILogger logger, string searchId, int page, int photos);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Search {SearchId} failed: {Problem}.")]
    private static partial void LogFailed(ILogger logger, string searchId, string problem);
}
