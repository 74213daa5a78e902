using Dapr;
using FindMe.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Net.Http.Headers;

namespace FindMe.Pipeline;

/// <summary>Subscribes endpoints to topics, and tells Dapr of them at <c>GET /dapr/subscribe</c>.</summary>
public static class Subscriptions
{
    /// <summary>Dapr delivers the topic's messages to this endpoint.</summary>
    /// <remarks>
    /// Where <c>APP_PORT</c> names the port that Dapr calls, as <c>dapr run</c> and the local sidecar do, the endpoint answers 404 on every
    /// other one; where <c>APP_API_TOKEN</c> is set, 401 to whoever does not send it. Other bodies than JSON and CloudEvents get 415.
    /// </remarks>
    /// <param name="endpoint">A POST endpoint without route parameters.</param>
    /// <param name="topic">The topic.</param>
    /// <param name="deadLetterTopic">Where messages go that failed every time; of dead letters the same topic, so that they come again.</param>
    public static RouteHandlerBuilder Subscribe(this RouteHandlerBuilder endpoint, string topic, string deadLetterTopic) =>
        endpoint
            .WithTopic(new TopicOptions { PubsubName = Topics.PubSub, Name = topic, DeadLetterTopic = deadLetterTopic })
            .AddEndpointFilter((context, next) => EventTelemetry.HandleAsync(context, next, topic))
            .AddEndpointFilter((context, next) => context.HttpContext.RequestServices.GetRequiredService<EventsAtWork>().HandleAsync(context, next, topic))
            .WithMetadata(new DaprRoute())
            .ExcludeFromDescription();

    /// <summary>Maps <c>GET /dapr/subscribe</c>, from which Dapr learns what this app subscribes to.</summary>
    /// <param name="routes">The app.</param>
    internal static void MapSubscriptions(this IEndpointRouteBuilder routes) =>
        routes.MapSubscribeHandler().WithMetadata(new DaprRoute()).ExcludeFromDescription();

    /// <summary>Keeps Dapr's routes for Dapr alone: they answer on the port that it calls, which no ingress reaches, and to whoever has its token.</summary>
    /// <param name="app">The app.</param>
    internal static void UseDaprRoutes(this WebApplication app)
    {
        var port = app.Configuration.GetValue<int?>("APP_PORT");
        var token = app.Configuration["APP_API_TOKEN"] is { Length: > 0 } configured ? configured : null;

        // Before the endpoint runs, so that nobody's body is read who may not call it.
        app.Use(async (context, next) =>
        {
            if (context.GetEndpoint()?.Metadata.GetMetadata<DaprRoute>() is null)
            {
                await next(context);
            }

            // By the connection, not by the Host header, which anybody can write. On any other port the route does not exist.
            else if (port is not null && context.Connection.LocalPort != port)
            {
                context.Response.StatusCode = StatusCodes.Status404NotFound;
            }
            else if (token is not null && !Secrets.AreSame(context.Request.Headers["dapr-api-token"].ToString(), token))
            {
                context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            }
            // Dapr sends nothing else, and a web page cannot send these to another site without asking it first (CORS).
            else if (HttpMethods.IsPost(context.Request.Method) && !IsEvent(context.Request.ContentType))
            {
                context.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            }
            else
            {
                await next(context);
            }
        });
    }

    private static bool IsEvent(string? contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type)
        && (type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase) || type.MediaType.Equals("application/cloudevents+json", StringComparison.OrdinalIgnoreCase));

    private sealed class DaprRoute;
}
