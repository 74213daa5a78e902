using Dapr;
using Dapr.Client;

namespace FindMe.Pipeline;

/// <summary>Publishes FindMe's messages on their topics, each with its own id.</summary>
public static class Publishing
{
    /// <summary>Asks Collect for a step of a search.</summary>
    /// <param name="dapr">The broker.</param>
    /// <param name="request">The step.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">It may not have been published; publishing again is safe.</exception>
    public static Task PublishAsync(this DaprClient dapr, SearchRequest request, CancellationToken cancellationToken) =>
        dapr.PublishAsync(Topics.SearchRequest, request.EventId(), request, cancellationToken);

    /// <summary>Asks Collect for several steps of a search, one after another.</summary>
    /// <param name="dapr">The broker.</param>
    /// <param name="requests">The steps.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">Not all may have been published; publishing again is safe.</exception>
    public static async Task PublishAsync(this DaprClient dapr, IEnumerable<SearchRequest> requests, CancellationToken cancellationToken)
    {
        foreach (var request in requests)
        {
            await dapr.PublishAsync(request, cancellationToken);
        }
    }

    /// <summary>Sends photos to the comparers.</summary>
    /// <param name="dapr">The broker.</param>
    /// <param name="images">The photos.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">Not all may have been published; publishing again is safe.</exception>
    public static Task PublishAsync(this DaprClient dapr, IEnumerable<TweetImage> images, CancellationToken cancellationToken) =>
        dapr.BulkPublishAsync(Topics.TweetImage, images.Select(image => (image.EventId(), image)), cancellationToken);
}
