
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
}
