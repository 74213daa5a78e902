using Dapr.Client;
using FindMe.Networks;
using FindMe.Pipeline;

namespace FindMe.Collect;

/// <summary>NameAuthors → look up the authors of the batch's matches → write them into the batch. X charges for names, so its listings leave them out.</summary>
/// <remarks>The highest possible cost counts as spent before the lookup. A match whose author stays unknown keeps its link to the post, and is not looked up again.</remarks>
internal sealed partial class MatchAuthors(DaprClient dapr, XAuthors x, SearchCosts costs, TimeProvider time, ILogger<MatchAuthors> logger)
{
    /// <summary>Looks up the authors of a batch, within the search's budget.</summary>
    public async Task NameAsync(Search search, NameAuthors name, CancellationToken cancellationToken)
    {
        if (search.Source != SourceNames.X
            || search.BatchKey(name.Batch) is not { } key
            || await dapr.GetStateAsync<PhotoBatch>(StateKeys.Store, key, cancellationToken) is not { } batch)
        {
            return;
        }

        var posts = batch.Photos.Where(photo => photo.IsMatchByUnknownAuthor()).Select(photo => photo.Post.Id).Distinct().ToList();
        if (posts.Count == 0 || await ReserveAsync(search, posts.Count, cancellationToken) is not { } reserved)
        {
            return;
        }

        try
        {
            var (authors, cost) = await x.FindAsync(search, posts, cancellationToken);
            await WriteAsync(search, key, authors, cancellationToken);
            await costs.CorrectAsync(search, cost - reserved, cancellationToken);
        }
        catch (SourceUnavailableException exception)
        {
            LogLookupFailed(logger, search.Id, exception.Message);
            await costs.CorrectAsync(search, exception.MayHaveCost ? 0 : -reserved, cancellationToken);
        }
        catch (SourceException exception)
        {
            LogLookupFailed(logger, search.Id, exception.Message);
            await costs.CorrectAsync(search, -reserved, cancellationToken);
        }
    }

    private async Task<decimal?> ReserveAsync(Search search, int posts, CancellationToken cancellationToken)
    {
        var cost = x.CostOf(posts);
        var affordable = false;
        await dapr.UpdateStateAsync<Search>(
            StateKeys.Search(search.Id),
            current => (affordable = current.IsOpen() && x.MayCost(current, cost)) ? current with { Cost = current.Cost + cost } : current,
            current => current.TimeToLive(time.GetUtcNow()),
            cancellationToken);
        return affordable ? cost : null;
    }

    private async Task WriteAsync(Search search, string key, IReadOnlyDictionary<string, string> authors, CancellationToken cancellationToken) =>
        await dapr.UpdateStateAsync<PhotoBatch>(
            key,
            current => current.Photos.Any(photo => photo.IsMatchByUnknownAuthor() && authors.ContainsKey(photo.Post.Id))
                ? current with
                {
                    Photos =
                    [
                        .. current.Photos.Select(photo => photo.IsMatchByUnknownAuthor() && authors.TryGetValue(photo.Post.Id, out var author)
                            ? photo with { Post = photo.Post with { Author = author } }
                            : photo),
                    ],
                }
                : current,
            _ => search.TimeToLive(time.GetUtcNow()),
            cancellationToken);

    [LoggerMessage(Level = LogLevel.Information, Message = "Search {SearchId}: failed to look up the authors of its matches: {Reason}")]
    private static partial void LogLookupFailed(ILogger logger, string searchId, string reason);
}
