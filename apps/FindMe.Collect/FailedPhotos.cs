using Dapr.Client;
using FindMe.Pipeline;

namespace FindMe.Collect;

/// <summary>Sends the photos of a search that failed every time once more, opens again what was given up, and resumes what came to a standstill.</summary>
internal sealed class FailedPhotos(DaprClient dapr, PhotoWaves waves, Failures failures, TimeProvider time)
{
    /// <summary>Sends the photos that failed and have no verdict, each for the last time. A photo that is sent twice is settled once.</summary>
    public async Task SendAsync(Search search, CancellationToken cancellationToken)
    {
        var firstWave = 0;
        foreach (var page in search.Pages)
        {
            var shards = await dapr.GetBulkStateAsync(StateKeys.Store, [.. PageLayout.ShardKeys(search.Id, page)], cancellationToken);
            var images = shards.Values
                .SelectMany(entry => entry.Value.Read<PhotoShard>().Photos)
                .Where(photo => photo is { Failed: true, Verdict: null })
                .Select(photo => TweetImage.Of(search.Id, page, firstWave, photo));
            await dapr.BulkPublishAsync(Topics.TweetImage, images.Select(image => (image.EventId(), image)), cancellationToken);
            firstWave += PageLayout.WavesOf(page.Photos);
        }
    }

    /// <summary>Takes back the verdicts of photos that were given up, and the failure of a search that was, and lets it go on where it stopped.</summary>
    /// <remarks>It stays on the operator's list until all is done: dying in between is mended by asking again.</remarks>
    /// <returns>The search as it is now; null where it is gone.</returns>
    public async Task<Search?> ReopenAsync(string id, CancellationToken cancellationToken)
    {
        var search = await dapr.GetStateAsync<Search>(StateKeys.Store, StateKeys.Search(id), cancellationToken);
        if (search is null or { Stage: SearchStage.Deleted or SearchStage.Cancelled })
        {
            return search;
        }

        foreach (var key in search.Pages.SelectMany(page => PageLayout.ShardKeys(id, page)))
        {
            await dapr.UpdateStateAsync<PhotoShard>(key, shard => shard.Reopen(), _ => search.TimeToLive(time.GetUtcNow()), cancellationToken);
        }

        var reopened = await dapr.UpdateStateAsync<Search>(
            StateKeys.Search(id),
            current => current is { Stage: SearchStage.Failed, Problem: { } problem } && problem.Type == SearchProblem.FailedRepeatedly.Type
                ? current with { Stage = current is { Pages.Count: > 0, Next: null } ? SearchStage.Listed : SearchStage.Listing, Problem = null }
                : current,
            current => current.TimeToLive(time.GetUtcNow()),
            cancellationToken);

        if (reopened?.IsOpen() == true)
        {
            // What was under way when the search failed was let go without a verdict.
            await ResumeAsync(reopened, DateTimeOffset.MaxValue, cancellationToken);
        }

        await failures.RemoveAsync(id, cancellationToken);
        return reopened;
    }

    /// <summary>Sends what is under way and has no verdict, and asks for the next page. What was on its way all the same is done once.</summary>
    /// <param name="search">The search.</param>
    /// <param name="sentBefore">Only photos that were sent before then: the handler of a later one may still be at work.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task ResumeAsync(Search search, DateTimeOffset sentBefore, CancellationToken cancellationToken)
    {
        for (var page = 0; page < search.Pages.Count; page++)
        {
            await waves.ReleaseDueAsync(search, page, cancellationToken, sentBefore);
        }

        if (search.Stage == SearchStage.Listing)
        {
            await dapr.PublishAsync(SearchRequest.NextPage(search), cancellationToken);
        }
    }
}
