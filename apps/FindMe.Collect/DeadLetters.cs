using System.ComponentModel.DataAnnotations;
using Dapr;
using Dapr.Client;
using FindMe.Pipeline;
using Microsoft.Extensions.Options;

namespace FindMe.Collect;

/// <summary>What becomes of dead letters. Section <c>DeadLetters</c> of the configuration; checked at start.</summary>
public sealed class DeadLetterOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "DeadLetters";

    /// <summary>How long what failed every time waits before it is tried once more, 0 to 1 h; 30 s: most outages of a store are over then.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan RetryAfter { get; set; } = TimeSpan.FromSeconds(30);
}

[OptionsValidator]
internal sealed partial class DeadLetterOptionsValidator : IValidateOptions<DeadLetterOptions>;

/// <summary>
/// What failed every time comes here and is tried once more after a while. A photo that fails then is skipped, a step of a search that
/// fails then fails the search. So every search finishes, and the operator sees what was given up.
/// </summary>
/// <remarks>
/// A dead letter that cannot be handled goes to its own topic again, so that neither an outage of the store nor one of this app loses it; the
/// tries of each round, 16 seconds of waits in components/resiliency.yaml, keep that slow. Only transient failures are retried: anything else would
/// take the place of other events for good, and is acknowledged with an error in the log. Nothing is dropped here, which would bring it back at once.
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
        routes.MapPost($"/{Topics.TweetImageDead}", RetryOrSkipAsync).Subscribe(Topics.TweetImageDead, Topics.TweetImageDead).AddEndpointFilter(EndUnlessItMayPassAsync);
        routes.MapPost($"/{Topics.SearchRequestDead}", RetryOrFailAsync).Subscribe(Topics.SearchRequestDead, Topics.SearchRequestDead).AddEndpointFilter(EndUnlessItMayPassAsync);
    }

    // The store or the broker answers again one day, and a newer version takes what is too new for this one.
    private static async ValueTask<object?> EndUnlessItMayPassAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (Exception exception) when (exception is not (DaprException or NewerSchemaException or OperationCanceledException))
        {
            var services = context.HttpContext.RequestServices;
            LogEnded(services.GetRequiredService<ILogger<DeadLetterOptions>>(), context.Arguments.OfType<ReceivedEvent>().First().Id, exception);
            return Delivery.Done;
        }
    }

    // A second delivery finds the photo marked, or settled. Recovery requests the retry.
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

    // A second delivery notes the same again, or finds the search failed. Recovery requests the retry, which does all that is missing.
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
            // The matches keep their links.
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

    [LoggerMessage(Level = LogLevel.Error, Message = "The dead letter {EventId} of {Topic} has no data: it ends here.")]
    private static partial void LogWithoutData(ILogger logger, string? topic, string? eventId);

    [LoggerMessage(Level = LogLevel.Error, Message = "The dead letter {EventId} can never be handled: it ends here.")]
    private static partial void LogEnded(ILogger logger, string? eventId, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Search {SearchId}: {EventId} failed every time; the authors of its matches stay unknown.")]
    private static partial void LogNamesUnknown(ILogger logger, string searchId, string eventId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Search {SearchId}: {EventId} failed every time; it is tried once more in {RetryAfter}.")]
    private static partial void LogRetry(ILogger logger, string searchId, string eventId, TimeSpan retryAfter);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Search {SearchId}: {EventId} failed repeatedly and is skipped.")]
    private static partial void LogSkipped(ILogger logger, string searchId, string eventId);

    [LoggerMessage(Level = LogLevel.Error, Message = "Search {SearchId} failed repeatedly.")]
    private static partial void LogFailed(ILogger logger, string searchId);
}
