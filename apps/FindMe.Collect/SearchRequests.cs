using Dapr.Client;
using FindMe.Pipeline;

namespace FindMe.Collect;

/// <summary>
/// search_request → list the next page → tweet_image for the waves that may go → search_request for the page after; or a wave, and who
/// posted the matches of the one before; or what failed, once more.
/// </summary>
internal static partial class SearchRequests
{
    public static void MapSearchRequests(this IEndpointRouteBuilder routes) =>
        routes.MapPost($"/{Topics.SearchRequest}", CollectAsync).Subscribe(Topics.SearchRequest, Topics.SearchRequestDead);

    // At-least-once delivery: a stored page is not listed again, and publishing a photo or a step twice changes nothing.
    private static async Task<Delivery> CollectAsync(
        ReceivedEvent<SearchRequest> message,
        DaprClient dapr,
        SearchPages pages,
        PhotoWaves waves,
        MatchAuthors authors,
        DelayedSteps delayedSteps,
        TimeProvider time,
        FailedPhotos failed,
        ILogger<SearchRequest> logger,
        CancellationToken cancellationToken)
    {
        if (message.Data is not { } request)
        {
            LogWithoutData(logger, message.Id);
            return Delivery.Drop;
        }

        var search = request.Again == RetryScope.Settled
            ? await failed.ReopenAsync(request.SearchId, cancellationToken)
            : await dapr.GetStateAsync<Search>(StateKeys.Store, StateKeys.Search(request.SearchId), cancellationToken);
        if (search is null || !search.IsOpen())
        {
            LogNotOpen(logger, request.SearchId, search?.Stage);
            return Delivery.Done;
        }

        switch (request.Again)
        {
            case RetryScope.Waiting:
                await failed.SendAsync(search, cancellationToken);
                return Delivery.Done;
            case RetryScope.Unsettled:
                await failed.ResumeAsync(search, request.SentBefore ?? DateTimeOffset.MaxValue, cancellationToken);
                return Delivery.Done;
            case RetryScope.Settled:
                // Opened again it was resumed too.
                return Delivery.Done;
        }

        if (request.Wave is { } wave)
        {
            // A wave is asked for when the one so many before it is settled.
            await waves.ReleaseAsync(search, wave, cancellationToken);
            await authors.FindAsync(search, wave - PageLayout.WavesInFlight, cancellationToken);
            return Delivery.Done;
        }

        // The listing that stored the page requests the next one, also after a crash and redelivery. If a copy of it that came second
        // did so too, there would be a copy of every further step, and each might be paid twice.
        var overtaken = false;
        if (search.Stage == SearchStage.Listing && request.Page == search.Pages.Count && !IsTooEarly(search, time.GetUtcNow()))
        {
            (search, overtaken) = await pages.ListAsync(search, cancellationToken);
        }

        await waves.ReleaseDueAsync(search, request.Page, cancellationToken);
        var next = SearchRequest.NextPage(search);
        if (search is { Stage: SearchStage.Listing, WaitingUntil: { } until })
        {
            await delayedSteps.AddAsync(next, until, cancellationToken);
        }
        else if (!overtaken && search.Stage == SearchStage.Listing && request.Page + 1 == search.Pages.Count)
        {
            await dapr.PublishAsync(next, cancellationToken);
        }

        return Delivery.Done;
    }

    // Tolerates clock skew between machines.
    private static bool IsTooEarly(Search search, DateTimeOffset now) => search.WaitingUntil > now + TimeSpan.FromSeconds(1);

    [LoggerMessage(Level = LogLevel.Error, Message = "The search_request {EventId} has no data: dropped.")]
    private static partial void LogWithoutData(ILogger logger, string? eventId);

    [LoggerMessage(Level = LogLevel.Information, Message = "The search {SearchId} is {Stage}: nothing more to collect.")]
    private static partial void LogNotOpen(ILogger logger, string searchId, SearchStage? stage);
}
