using FindMe.Pipeline;
using FindMe.Pipeline.Dapr;

namespace FindMe.Collect;

/// <summary>A network that charges for the names of authors, so that its listings leave them out.</summary>
internal interface IPostAuthors
{
    /// <summary>One of <see cref="SourceNames"/>.</summary>
    string Network { get; }

    /// <summary>What the authors of so many posts can cost at most, in US dollars.</summary>
    decimal CostOf(int posts);

    /// <summary>What the search may still cost, in US dollars; may be below 0.</summary>
    decimal LeftOf(Search search);

    /// <summary>Finds out who posted.</summary>
    /// <param name="search">The search, whose person asks.</param>
    /// <param name="posts">The posts' ids: 1 to <see cref="PageLayout.PhotosPerWave"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SourceException">The network does not let FindMe in.</exception>
    /// <exception cref="SourceUnavailableException">It does not answer.</exception>
    Task<AuthorsFound> FindAsync(Search search, IReadOnlyList<string> posts, CancellationToken cancellationToken);
}

/// <summary>Who posted what.</summary>
/// <param name="Authors">Post → the author's handle, for those that the network knows.</param>
/// <param name="Cost">What it did cost, in US dollars.</param>
internal sealed record AuthorsFound(IReadOnlyDictionary<string, string> Authors, decimal Cost);

/// <summary>A wave is settled → who posted its matches, where that was not known → into their shards.</summary>
/// <remarks>What it can cost counts as spent before it is asked. A name that cannot be had leaves the link to the post, and is not asked for again.</remarks>
internal sealed partial class MatchAuthors(DaprClient dapr, IEnumerable<IPostAuthors> networks, TimeProvider time, ILogger<MatchAuthors> logger)
{
    /// <summary>Finds them out for one wave.</summary>
    /// <param name="search">The search.</param>
    /// <param name="wave">The wave, counted from 0 over the whole search; nothing happens where there is none.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task FindAsync(Search search, int wave, CancellationToken cancellationToken)
    {
        if (wave < 0 || networks.SingleOrDefault(network => network.Network == search.Source) is not { } network
            || PageLayout.PageOfWave(search.Pages, wave) is not var (page, first))
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
        if (posts.Count == 0 || await ReserveAsync(search, network, posts.Count, cancellationToken) is not { } reserved)
        {
            return;
        }

        try
        {
            var (authors, cost) = await network.FindAsync(search, posts, cancellationToken);
            foreach (var key in found.Keys)
            {
                await NameAsync(search, key, authors, cancellationToken);
            }

            await PayAsync(search, cost - reserved, cancellationToken);
        }
        catch (SourceUnavailableException exception)
        {
            LogUnknown(logger, search.Id, exception.Message);
            await PayAsync(search, exception.MayHaveCost ? 0 : -reserved, cancellationToken);
        }
        catch (SourceException exception)
        {
            LogUnknown(logger, search.Id, exception.Message);
            await PayAsync(search, -reserved, cancellationToken);
        }
    }

    private static bool IsNameless(ShardPhoto photo) => photo is { Verdict.Kind: VerdictKind.Match or VerdictKind.Maybe, Post.Author: null };

    private async Task<decimal?> ReserveAsync(Search search, IPostAuthors network, int posts, CancellationToken cancellationToken)
    {
        var cost = network.CostOf(posts);
        var affordable = false;
        await dapr.UpdateStateAsync<Search>(
            StateKeys.Search(search.Id),
            current => (affordable = current.IsOpen() && network.LeftOf(current) >= cost) ? current with { Cost = current.Cost + cost } : current,
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

    private async Task PayAsync(Search search, decimal difference, CancellationToken cancellationToken) =>
        await dapr.UpdateStateAsync<Search>(
            StateKeys.Search(search.Id),
            current => difference == 0 || current.Stage == SearchStage.Deleted ? current : current with { Cost = current.Cost + difference },
            current => current.TimeToLive(time.GetUtcNow()),
            cancellationToken);

    [LoggerMessage(Level = LogLevel.Information, Message = "Search {SearchId}: who posted its matches is not known: {Reason}")]
    private static partial void LogUnknown(ILogger logger, string searchId, string reason);
}
