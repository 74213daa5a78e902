using FindMe.Pipeline;
using FindMe.Pipeline.Dapr;

namespace FindMe.Collect;

/// <summary>What failed every time is settled here, so that its search finishes: a photo as skipped, a search as failed.</summary>
internal static partial class DeadLetters
{
    public static void MapDeadLetters(this IEndpointRouteBuilder routes)
    {
        routes.MapPost($"/{Topics.TweetImageDead}", SkipPhotoAsync).WithTopic(Topics.TweetImageDead, deadLetterTopic: null);
        routes.MapPost($"/{Topics.SearchRequestDead}", FailSearchAsync).WithTopic(Topics.SearchRequestDead, deadLetterTopic: null);
    }

    // A second delivery finds the photo settled.
    private static async Task<Delivery> SkipPhotoAsync(
        CloudEvent<TweetImage> message, Verdicts verdicts, ILogger<Verdicts> logger, CancellationToken cancellationToken)
    {
        if (message.Data is not { } image)
        {
            LogWithoutData(logger, message.Topic, message.Id);
            return Delivery.Drop;
        }

        LogSkipped(logger, image.SearchId, image.EventId());
        await verdicts.SettleAsync(image, Verdict.Skipped("Comparing this photo failed repeatedly."), cancellationToken);
        return Delivery.Done;
    }

    // A second delivery finds the search failed.
    private static async Task<Delivery> FailSearchAsync(
        CloudEvent<SearchRequest> message, DaprClient dapr, TimeProvider time, ILogger<SearchRequest> logger, CancellationToken cancellationToken)
    {
        if (message.Data is not { } request)
        {
            LogWithoutData(logger, message.Topic, message.Id);
            return Delivery.Drop;
        }

        LogFailed(logger, request.SearchId);
        var problem = new SearchProblem("failed-repeatedly", "This search failed repeatedly.", "Start it again; if it fails again, tell the operator its id.");
        await dapr.UpdateStateAsync<Search>(
            StateKeys.Search(request.SearchId),
            search => search.IsOpen() ? search with { Stage = SearchStage.Failed, Problem = problem } : search,
            search => search.TimeToLive(time.GetUtcNow()),
            cancellationToken);
        return Delivery.Done;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The dead letter {EventId} of {Topic} has no data: dropped.")]
    private static partial void LogWithoutData(ILogger logger, string? topic, string? eventId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Search {SearchId}: {EventId} failed repeatedly and is skipped.")]
    private static partial void LogSkipped(ILogger logger, string searchId, string eventId);

    [LoggerMessage(Level = LogLevel.Error, Message = "Search {SearchId} failed repeatedly.")]
    private static partial void LogFailed(ILogger logger, string searchId);
}
