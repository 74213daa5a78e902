using System.ComponentModel.DataAnnotations;
using Dapr;
using Dapr.Client;
using FindMe.Pipeline;
using Microsoft.Extensions.Options;

namespace FindMe.Collect;

/// <summary>How dead letters are retried. Section <c>DeadLetters</c> of the configuration; checked at start.</summary>
public sealed class DeadLetterOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "DeadLetters";

    /// <summary>Delay before the last retry of a dead letter, 0 to 1 h. Default 30 s, longer than most outages of a store.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan RetryAfter { get; set; } = TimeSpan.FromSeconds(30);
}

[OptionsValidator]
internal sealed partial class DeadLetterOptionsValidator : IValidateOptions<DeadLetterOptions>;

/// <summary>
/// Receives events whose deliveries are exhausted, and schedules one last retry of each. If that fails, a photo is skipped, and a step of a search
/// fails the search. So every search finishes, and the operator sees what was given up.
/// </summary>
/// <remarks>
/// A dead letter that cannot be handled is dead-lettered to its own topic, so that it survives outages of the store and of this app; the retries of
/// each round, 16 seconds of delays in components/resiliency.yaml, keep this slow. Only transient failures are retried: any other dead letter would
/// block other events forever, and is acknowledged with an error in the log. Nothing is dropped here, because a dropped event would return at once.
/// </remarks>
internal static partial class DeadLetters
{
    public static void AddDeadLetters(this IServiceCollection services)
    {
        services.AddOptions<DeadLetterOptions>().BindConfiguration(DeadLetterOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<DeadLetterOptions>, DeadLetterOptionsValidator>();
    }

    public static void MapDeadLetters(this IEndpointRouteBuilder routes)
    {
        routes.MapPost($"/{Topics.TweetImageDead}", RetryOrSkipAsync).Subscribe(Topics.TweetImageDead, Topics.TweetImageDead).AddEndpointFilter(AcknowledgeUnlessTransientAsync);
        routes.MapPost($"/{Topics.SearchRequestDead}", RetryOrFailAsync).Subscribe(Topics.SearchRequestDead, Topics.SearchRequestDead).AddEndpointFilter(AcknowledgeUnlessTransientAsync);
    }

    // Transient: failures of the store or the broker, and events that only a newer version can handle.
    private static async ValueTask<object?> AcknowledgeUnlessTransientAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (Exception exception) when (exception is not (DaprException or NewerSchemaException or OperationCanceledException))
        {
            var services = context.HttpContext.RequestServices;
            LogAcknowledged(services.GetRequiredService<ILogger<DeadLetterOptions>>(), context.Arguments.OfType<ReceivedEvent>().First().Id, exception);
            return Delivery.Done;
        }
    }

    // At-least-once delivery: a redelivered event finds the photo scheduled for a retry, or settled. Recovery requests the retry.
    private static async Task<Delivery> RetryOrSkipAsync(
        ReceivedEvent<TweetImage> message,
        DaprClient dapr,
        Verdicts verdicts,
        Failures failures,
        IOptions<DeadLetterOptions> options,
        TimeProvider time,
        ILogger<Verdicts> logger,
        CancellationToken cancellationToken)
    {
        if (message.Data is not { } image)
        {
            LogWithoutData(logger, message.Topic, message.Id);
            return Delivery.Done;
        }

        if (!image.LastTry)
        {
            LogRetry(logger, image.SearchId, image.EventId(), options.Value.RetryAfter);
            await verdicts.RetryLaterAsync(image, time.GetUtcNow() + options.Value.RetryAfter, cancellationToken);
            return Delivery.Done;
        }

        LogSkipped(logger, image.SearchId, image.EventId());
        await failures.AddAsync(image.SearchId, image.EventId(), photos: 1, cancellationToken);
        var skipped = Verdict.Skipped("Comparing this photo failed repeatedly.", "failed-repeatedly") with { GivenUp = true };
        await dapr.PublishAsync(await verdicts.SettleAsync(image, skipped, cancellationToken), cancellationToken);
        return Delivery.Done;
    }

    // At-least-once delivery: a redelivered event schedules the same retry, or finds the search failed. Recovery requests the retry, which covers all missing steps.
    private static async Task<Delivery> RetryOrFailAsync(
        ReceivedEvent<SearchRequest> message,
        DaprClient dapr,
        Failures failures,
        IOptions<DeadLetterOptions> options,
        TimeProvider time,
        ILogger<SearchRequest> logger,
        CancellationToken cancellationToken)
    {
        if (message.Data is not { } request)
        {
            LogWithoutData(logger, message.Topic, message.Id);
            return Delivery.Done;
        }

        if (request is NameAuthors)
        {
            // The matches keep their links to the posts.
            LogNamesUnknown(logger, request.SearchId, request.EventId());
            return Delivery.Done;
        }

        if (!request.LastTry)
        {
            LogRetry(logger, request.SearchId, request.EventId(), options.Value.RetryAfter);
            var retryAt = time.GetUtcNow() + options.Value.RetryAfter;
            await dapr.UpdateStateAsync<Search>(
                StateKeys.Search(request.SearchId),
                search => search.IsOpen() ? search with { RetryStepAt = retryAt } : search,
                search => search.TimeToLive(time.GetUtcNow()),
                cancellationToken);
            return Delivery.Done;
        }

        LogFailed(logger, request.SearchId);
        await failures.AddAsync(request.SearchId, request.EventId(), photos: 0, cancellationToken);
        await dapr.UpdateStateAsync<Search>(
            StateKeys.Search(request.SearchId),
            search => search.IsOpen() ? search with { Stage = SearchStage.Failed, Problem = SearchProblem.FailedRepeatedly } : search,
            search => search.TimeToLive(time.GetUtcNow()),
            cancellationToken);
        return Delivery.Done;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Acknowledged the dead letter {EventId} of {Topic} without handling it: it has no data.")]
    private static partial void LogWithoutData(ILogger logger, string? topic, string? eventId);

    [LoggerMessage(Level = LogLevel.Error, Message = "Failed to handle the dead letter {EventId}; a retry cannot help, so it was acknowledged.")]
    private static partial void LogAcknowledged(ILogger logger, string? eventId, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Search {SearchId}: deliveries of {EventId} are exhausted; the authors of its matches stay unknown.")]
    private static partial void LogNamesUnknown(ILogger logger, string searchId, string eventId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Search {SearchId}: deliveries of {EventId} are exhausted; will retry once in {RetryAfter}.")]
    private static partial void LogRetry(ILogger logger, string searchId, string eventId, TimeSpan retryAfter);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Search {SearchId}: the last retry of {EventId} failed; skipping the photo.")]
    private static partial void LogSkipped(ILogger logger, string searchId, string eventId);

    [LoggerMessage(Level = LogLevel.Error, Message = "Search {SearchId} failed: the last retry of a step failed.")]
    private static partial void LogFailed(ILogger logger, string searchId);
}
