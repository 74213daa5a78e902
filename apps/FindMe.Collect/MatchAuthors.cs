using Dapr.Client;
using FindMe.Networks;
using FindMe.Pipeline;

namespace FindMe.Collect;

/// <summary>A wave of a search on X is settled → who posted its matches → into their shards. X charges for names, so its listings leave them out.</summary>
/// <remarks>What it can cost counts as spent before it is asked. A name that cannot be had leaves the link to the post, and is not asked for again.</remarks>
internal sealed partial class MatchAuthors(DaprClient dapr, XAuthors x, SearchCosts costs, TimeProvider time, ILogger<MatchAuthors> logger)
{
    /// <summary>Finds them out for one wave.</summary>
    /// <param name="search">The search.</param>
    /// <param name="wave">The wave, counted from 0 over the whole search; nothing happens where there is none.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task FindAsync(Search search, int wave, CancellationToken cancellationToken)
    {
        if (search.Source != SourceNames.X || wave < 0 || PageLayout.PageOfWave(search.Pages, wave) is not var (page, first))
        {
            return;
        }

        var found = await dapr.GetBulkStateAsync(StateKeys.Store, [.. PageLayout.ShardKeys(search.Id, page)], cancellationToken);
        var posts = found.Values
            .SelectMany(entry => entry.Value.Read<PhotoShard>().Photos)
            .Where(photo => PageLayout.WaveOf(photo.Index) == wave - first && IsNameless(photo))
            .Select(photo => photo.Post.Id)
            .Distinct()
            .ToList();
        if (posts.Count == 0 || await ReserveAsync(search, posts.Count, cancellationToken) is not { } reserved)
        {
            return;
        }

        try
        {
            var (authors, cost) = await x.FindAsync(search, posts, cancellationToken);
            foreach (var key in found.Keys)
            {
                await NameAsync(search, key, authors, cancellationToken);
            }

            await costs.CorrectAsync(search, cost - reserved, cancellationToken);
        }
        catch (SourceUnavailableException exception)
        {
            LogUnknown(logger, search.Id, exception.Message);
            await costs.CorrectAsync(search, exception.MayHaveCost ? 0 : -reserved, cancellationToken);
        }
        catch (SourceException exception)
        {
            LogUnknown(logger, search.Id, exception.Message);
            await costs.CorrectAsync(search, -reserved, cancellationToken);
        }
    }

    private static bool IsNameless(ShardPhoto photo) => photo is { Verdict.Kind: VerdictKind.Match or VerdictKind.Maybe, Post.Author: null };

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

    private async Task NameAsync(Search search, string shard, IReadOnlyDictionary<string, string> authors, CancellationToken cancellationToken) =>
        await dapr.UpdateStateAsync<PhotoShard>(
            shard,
            current => current.Photos.Any(photo => IsNameless(photo) && authors.ContainsKey(photo.Post.Id))
                ? current with
                {
                    Photos =
                    [
                        .. current.Photos.Select(photo => IsNameless(photo) && authors.TryGetValue(photo.Post.Id, out var author)
                            ? photo with { Post = photo.Post with { Author = author } }
                            : photo),
                    ],
                }
                : current,
            _ => search.TimeToLive(time.GetUtcNow()),
            cancellationToken);

    [LoggerMessage(Level = LogLevel.Information, Message = "Search {SearchId}: who posted its matches is not known: {Reason}")]
    private static partial void LogUnknown(ILogger logger, string searchId, string reason);
}
