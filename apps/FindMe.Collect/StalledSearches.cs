using Dapr.Client;
using FindMe.Pipeline;

namespace FindMe.Collect;

/// <summary>ResumeSearch, ReopenSearch → the photos that were sent and have no verdict → tweet_image again → the next page.</summary>
internal sealed class StalledSearches(DaprClient dapr, PhotoBatches batches, Failures failures, TimeProvider time)
{
    /// <summary>Resends the photos that have no verdict, and requests the next page. Duplicates are settled once.</summary>
    public async Task ResumeAsync(Search search, ResumeSearch resume, CancellationToken cancellationToken)
    {
        // This call is the step's last retry, so clear its schedule.
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

    /// <summary>Reopens the photos and the search that were given up, and resumes the search where it stopped.</summary>
    /// <remarks>The search stays on the operator's list until everything is done, so that the operator can repeat the request after a crash.</remarks>
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
            // Photos in progress when the search failed were acknowledged without a verdict.
            await ResumeAsync(reopened, new ResumeSearch { SearchId = search.Id, SentBefore = DateTimeOffset.MaxValue }, cancellationToken);
        }

        await failures.RemoveAsync(search.Id, cancellationToken);
    }
}
