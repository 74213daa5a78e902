using Dapr;
using Dapr.Client;

namespace FindMe.Pipeline;

/// <summary>Publishes FindMe's messages to their topics, each under its own event id.</summary>
public static class Publishing
{
    /// <summary>Requests a step of a search.</summary>
    /// <param name="dapr">The broker.</param>
    /// <param name="request">The step.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DaprException">The step may not have been published; publishing it again is safe.</exception>
    public static Task PublishAsync(this DaprClient dapr, SearchRequest request, CancellationToken cancellationToken) =>
        dapr.PublishAsync(Topics.SearchRequest, request.EventId(), request, cancellationToken);

    /// <summary>Requests several steps of a search, one after another.</summary>
    /// <param name="dapr">The broker.</param>
    /// <param name="requests">The steps.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DaprException">Some steps may not have been published; publishing them again is safe.</exception>
    public static async Task PublishAsync(this DaprClient dapr, IEnumerable<SearchRequest> requests, CancellationToken cancellationToken)
    {
        foreach (var request in requests)
        {
            await dapr.PublishAsync(request, cancellationToken);
        }
    }

    /// <summary>Sends photos to Compare.</summary>
    /// <param name="dapr">The broker.</param>
    /// <param name="images">The photos.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DaprException">Some photos may not have been published; publishing them again is safe.</exception>
    public static Task PublishAsync(this DaprClient dapr, IEnumerable<TweetImage> images, CancellationToken cancellationToken) =>
        dapr.BulkPublishAsync(Topics.TweetImage, images.Select(image => (image.EventId(), image)), cancellationToken);
}
