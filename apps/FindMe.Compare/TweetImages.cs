using System.Diagnostics;
using Dapr.Client;
using FindMe.Networks;
using FindMe.Pipeline;

namespace FindMe.Compare;

/// <summary>tweet_image → read the photo → find faces → compare them with the references → verdict in the state store.</summary>
internal static partial class TweetImages
{
    public static void MapTweetImages(this IEndpointRouteBuilder routes) =>
        routes.MapPost($"/{Topics.TweetImage}", CompareAsync).Subscribe(Topics.TweetImage, Topics.TweetImageDead);

    // At-least-once delivery: a redelivered message finds the verdict already stored.
    private static async Task<Delivery> CompareAsync(
        ReceivedEvent<TweetImage> message,
        DaprClient dapr,
        Verdicts verdicts,
        SearchReferences references,
        PhotoReading photos,
        Comparison comparison,
        PhotoDeadlines deadlines,
        ILogger<Comparison> logger,
        CancellationToken aborted)
    {
        using var deadline = deadlines.Begin(aborted);
        var cancellationToken = deadline.Token;
        if (message.Data is not { } image)
        {
            LogWithoutData(logger, message.Id);
            return Delivery.Drop;
        }

        if (await verdicts.ReadAsync(image, cancellationToken) is not var (search, batch, _))
        {
            return Delivery.Done;
        }

        if (batch[image.Index].Verdict is not null)
        {
            // The delivery that settled the photo may have crashed before it requested the next steps.
            await dapr.PublishAsync(batch.StepsAfter(search, image), cancellationToken);
            return Delivery.Done;
        }

        using var wanted = await references.OfSearchAsync(search, cancellationToken);
        if (wanted.Embeddings.Count == 0)
        {
            await references.FailSearchAsync(search, cancellationToken);
            return Delivery.Done;
        }

        Verdict? verdict;
        try
        {
            // Transient failures throw, so Dapr redelivers the message.
            var started = Stopwatch.GetTimestamp();
            var photo = await photos.ReadAsync(image.Photo, cancellationToken);
            PipelineMetrics.RecordStage("fetch", started);
            verdict = await comparison.CompareAsync(image, batch[image.Index], photo, wanted, deadline);
        }
        catch (Exception exception) when (exception is PhotoUnavailableException || (exception is PhotoUnreachableException { IsSlow: true } && image.LastTry))
        {
            verdict = Verdict.Skipped(exception.Message, "unavailable");
        }
        catch (Exception exception) when (exception is PhotoUnreachableException { IsSlow: true } or VideoTimeoutException)
        {
            // Five consecutive retries would block this replica for a minute; the dead-letter handler retries once, later.
            LogSlow(logger, image.SearchId, image.Listing, image.Index);
            return Delivery.Drop;
        }
        catch (OperationCanceledException) when (!aborted.IsCancellationRequested)
        {
            LogNoTime(logger, image.SearchId, image.Listing, image.Index);
            return Delivery.Retry;
        }

        if (verdict is not null)
        {
            await dapr.PublishAsync(await verdicts.SettleAsync(image, verdict, cancellationToken), cancellationToken);
        }

        return Delivery.Done;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Search {SearchId}: fetching photo {Listing}/{Index} or its video timed out; dead-lettered it for a later retry.")]
    private static partial void LogSlow(ILogger logger, string searchId, int listing, int index);

    [LoggerMessage(Level = LogLevel.Information, Message = "Search {SearchId}: comparing photo {Listing}/{Index} timed out; Dapr will redeliver it.")]
    private static partial void LogNoTime(ILogger logger, string searchId, int listing, int index);

    [LoggerMessage(Level = LogLevel.Error, Message = "Dropped the tweet_image {EventId}: it has no data.")]
    private static partial void LogWithoutData(ILogger logger, string? eventId);
}
