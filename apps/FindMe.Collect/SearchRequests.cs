using Dapr.Client;
using FindMe.Pipeline;

namespace FindMe.Collect;

/// <summary>search_request → the search, if it is open → the handler of that step.</summary>
internal static partial class SearchRequests
{
    public static void AddSearchRequests(this IServiceCollection services)
    {
        services.AddSingleton<SearchCosts>();
        services.AddSingleton<SearchPages>();
        services.AddSingleton<PhotoBatches>();
        services.AddSingleton<MatchAuthors>();
        services.AddSingleton<FailedPhotos>();
        services.AddSingleton<StalledSearches>();
    }

    public static void MapSearchRequests(this IEndpointRouteBuilder routes) =>
        routes.MapPost($"/{Topics.SearchRequest}", HandleAsync).Subscribe(Topics.SearchRequest, Topics.SearchRequestDead);

    // At-least-once delivery: every handler may run again. A stored page is not listed again, and publishing a photo or a step twice changes nothing.
    private static async Task<Delivery> HandleAsync(
        ReceivedEvent<SearchRequest> message,
        DaprClient dapr,
        SearchPages pages,
        PhotoBatches batches,
        MatchAuthors authors,
        FailedPhotos failed,
        StalledSearches stalled,
        ILogger<SearchRequest> logger,
        CancellationToken cancellationToken)
    {
        if (message.Data is not { } request)
        {
            LogWithoutData(logger, message.Id);
            return Delivery.Drop;
        }

        var search = await dapr.GetStateAsync<Search>(StateKeys.Store, StateKeys.Search(request.SearchId), cancellationToken);
        if (search is null || !(search.IsOpen() || request is ReopenSearch))
        {
            LogNotOpen(logger, request.SearchId, search?.Stage);
            return Delivery.Done;
        }

        await (request switch
        {
            ListPage list => pages.ListAsync(search, list, cancellationToken),
            ReleaseBatch release => batches.ReleaseAsync(search, release, cancellationToken),
            NameAuthors name => authors.NameAsync(search, name, cancellationToken),
            RetryFailedPhotos => failed.RetryAsync(search, cancellationToken),
            ResumeSearch resume => stalled.ResumeAsync(search, resume, cancellationToken),
            ReopenSearch => stalled.ReopenAsync(search, cancellationToken),
            _ => throw new NewerSchemaException($"The search_request {message.Id} is of a kind that this version does not know. A newer version of the app must handle it."),
        });
        return Delivery.Done;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Dropped the search_request {EventId}: it has no data.")]
    private static partial void LogWithoutData(ILogger logger, string? eventId);

    [LoggerMessage(Level = LogLevel.Information, Message = "Search {SearchId} is {Stage}; nothing left to collect.")]
    private static partial void LogNotOpen(ILogger logger, string searchId, SearchStage? stage);
}
