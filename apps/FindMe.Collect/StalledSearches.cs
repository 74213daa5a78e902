using Dapr.Client;
using FindMe.Pipeline;

namespace FindMe.Collect;

/// <summary>ResumeSearch, ReopenSearch → what was sent and has no verdict → tweet_image once more → the next page.</summary>
internal sealed class StalledSearches(DaprClient dapr, PhotoBatches batches, Failures failures, TimeProvider time)
{
    /// <summary>Sends what is under way and has no verdict, and requests the next page. What was on its way all the same is done once.</summary>
    public async Task ResumeAsync(Search search, ResumeSearch resume, CancellationToken cancellationToken)
    {
        // A step that failed is done by this, or fails for good: it is not to be waited for any longer.
        var current = search.RetryStepAt is null ? search : await dapr.UpdateStateAsync<Search>(
            StateKeys.Search(search.Id), now => now with { RetryStepAt = null }, now => now.TimeToLive(time.GetUtcNow()), cancellationToken);
        if (current?.IsOpen() != true)
        {
            return;
        }

        for (var page = 0; page < current.Pages.Count; page++)
        {
            await batches.ReleaseDueAsync(current, page, cancellationToken, resume.SentBefore);
        }

        if (current.Stage == SearchStage.Listing)
        {
            await dapr.PublishAsync(ListPage.After(current) with { LastTry = resume.LastTry }, cancellationToken);
        }
    }

    /// <summary>Takes back the verdicts of photos that were given up, and the failure of a search that was, and lets it go on where it stopped.</summary>
    /// <remarks>It stays on the operator's list until all is done: dying in between is mended by asking again.</remarks>
    public async Task ReopenAsync(Search search, CancellationToken cancellationToken)
    {
        if (search.Stage is SearchStage.Deleted or SearchStage.Cancelled)
        {
            return;
        }

        var now = time.GetUtcNow();
        foreach (var key in search.BatchKeys())
        {
            await dapr.UpdateStateAsync<PhotoBatch>(key, batch => batch.Reopen(now), _ => search.TimeToLive(now), cancellationToken);
        }

        var reopened = await dapr.UpdateStateAsync<Search>(
            StateKeys.Search(search.Id),
            current => (current is { Stage: SearchStage.Failed, Problem: { } problem } && problem.Type == SearchProblem.FailedRepeatedly.Type
                ? current with { Stage = current is { Pages.Count: > 0, Next: null } ? SearchStage.Listed : SearchStage.Listing, Problem = null, RetryStepAt = null }
                : current) with
            { Generation = current.Generation + 1 },
            current => current.TimeToLive(now),
            cancellationToken);
        if (reopened?.IsOpen() == true)
        {
            // What was under way when the search failed was let go without a verdict.
            await ResumeAsync(reopened, new ResumeSearch { SearchId = search.Id, SentBefore = DateTimeOffset.MaxValue }, cancellationToken);
        }

        await failures.RemoveAsync(search.Id, cancellationToken);
    }
}
