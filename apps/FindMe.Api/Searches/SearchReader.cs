using Dapr;
using Dapr.Client;
using FindMe.Networks;
using FindMe.Pipeline;

namespace FindMe.Api;

/// <summary>A search as it stood at one moment.</summary>
/// <param name="Search">Its document.</param>
/// <param name="Shards">The shards of its pages, in order.</param>
internal sealed record SearchSnapshot(Search Search, IReadOnlyList<PhotoShard> Shards)
{
    public int Found => Search.Pages.Sum(page => page.Photos);

    public int Settled => Shards.Sum(shard => shard.SettledCount());

    /// <summary>Nothing about it will change any more, but that it may be deleted.</summary>
    public bool IsEnded() => Search.Stage switch
    {
        SearchStage.Listing => false,
        SearchStage.Listed => Settled == Found,
        _ => true,
    };
}

/// <summary>Reads searches: the document, and all shards in one request.</summary>
internal sealed class SearchReader(DaprClient dapr, OptOuts optOuts, TimeProvider time)
{
    /// <summary>Reads a person's search.</summary>
    /// <param name="id">The search's id.</param>
    /// <param name="person">Whose it must be.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="settledShards">Shards that were read before and that never change again, by key; null: none. More are added.</param>
    /// <returns>Null when there is none, or it is somebody else's.</returns>
    public async Task<SearchSnapshot?> TryReadAsync(
        string id, string person, CancellationToken cancellationToken, Dictionary<string, PhotoShard>? settledShards = null)
    {
        var search = await dapr.GetStateAsync<Search>(StateKeys.Store, StateKeys.Search(id), cancellationToken);
        if (search is null || search.Person != person || search.Stage == SearchStage.Deleted)
        {
            return null;
        }

        settledShards ??= [];
        var keys = search.Pages.SelectMany(page => PageLayout.ShardKeys(id, page)).ToList();
        var found = await dapr.GetBulkStateAsync(StateKeys.Store, [.. keys.Where(key => !settledShards.ContainsKey(key))], cancellationToken);
        var shards = new List<PhotoShard>(keys.Count);
        foreach (var key in keys)
        {
            if (settledShards.TryGetValue(key, out var settled))
            {
                shards.Add(settled);
            }
            else if (found.TryGetValue(key, out var entry))
            {
                var shard = entry.Value.Read<PhotoShard>();
                shards.Add(shard);
                if (shard.SettledCount() == shard.Photos.Count)
                {
                    settledShards[key] = shard;
                }
            }
            else
            {
                // It was deleted while it was read.
                return null;
            }
        }

        return new SearchSnapshot(search, [.. shards.Select(WithoutOptOuts)]);
    }

    // Who opts out later is not shown from then on either.
    private PhotoShard WithoutOptOuts(PhotoShard shard) => shard.Photos.Any(IsHidden)
        ? shard with { Photos = [.. shard.Photos.Select(photo => IsHidden(photo) ? photo with { Verdict = Verdict.Skipped("Its author has asked not to be searched.") with { Order = photo.Verdict!.Order } } : photo)] }
        : shard;

    /// <summary>Whether a match must not be shown, since its author has opted out.</summary>
    public bool IsHidden(ShardPhoto photo) =>
        photo.Verdict is { Kind: VerdictKind.Match or VerdictKind.Maybe } && optOuts.Includes(photo.Post.Network ?? "", photo.Post.Author);

    /// <summary>Publishes the first step of a search, and notes that it is published.</summary>
    /// <exception cref="DaprException">It may not be published; <see cref="Recovery"/> then publishes it again.</exception>
    public async Task RequestAsync(Search search, CancellationToken cancellationToken)
    {
        await dapr.PublishAsync(SearchRequest.NextPage(search), cancellationToken);
        await dapr.UpdateStateAsync<Search>(
            StateKeys.Search(search.Id), current => current with { Requested = true }, current => current.TimeToLive(time.GetUtcNow()), cancellationToken);
    }
}
