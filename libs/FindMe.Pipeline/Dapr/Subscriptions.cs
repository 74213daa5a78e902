using Dapr;
using FindMe.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Net.Http.Headers;

namespace FindMe.Pipeline;

/// <summary>Subscribes endpoints to topics, and lists them for Dapr at <c>GET /dapr/subscribe</c>.</summary>
public static class Subscriptions
{
    /// <summary>Subscribes this endpoint to a topic.</summary>
    /// <remarks>
    /// If <c>APP_PORT</c> names the port that Dapr calls, as <c>dapr run</c> and the local sidecar set it, the endpoint answers 404 on every
    /// other port. If <c>APP_API_TOKEN</c> is set, it answers 401 to requests without the token. Bodies other than JSON and CloudEvents get 415.
    /// </remarks>
    /// <param name="endpoint">A POST endpoint without route parameters.</param>
    /// <param name="topic">The topic.</param>
    /// <param name="deadLetterTopic">Where Dapr puts messages whose deliveries are exhausted; for a dead-letter topic, the topic itself, so that they are redelivered.</param>
    public static RouteHandlerBuilder Subscribe(this RouteHandlerBuilder endpoint, string topic, string deadLetterTopic) =>
        endpoint
            .WithTopic(new TopicOptions { PubsubName = Topics.PubSub, Name = topic, DeadLetterTopic = deadLetterTopic })
            .AddEndpointFilter((context, next) => EventTelemetry.HandleAsync(context, next, topic))
            .AddEndpointFilter((context, next) => context.HttpContext.RequestServices.GetRequiredService<InFlightEvents>().HandleAsync(context, next, topic))
            .WithMetadata(new DaprRoute())
            .ExcludeFromDescription();

    /// <summary>Maps <c>GET /dapr/subscribe</c>, where Dapr reads the app's subscriptions.</summary>
    /// <param name="routes">The app.</param>
    internal static void MapSubscriptions(this IEndpointRouteBuilder routes) =>
        routes.MapSubscribeHandler().WithMetadata(new DaprRoute()).ExcludeFromDescription();

    /// <summary>Protects Dapr's routes: they answer only on the port that Dapr calls, which no ingress reaches, and only to callers with its token.</summary>
    /// <param name="app">The app.</param>
    internal static void UseDaprRoutes(this WebApplication app)
    {
        var port = app.Configuration.GetValue<int?>("APP_PORT");
        var token = app.Configuration["APP_API_TOKEN"] is { Length: > 0 } configured ? configured : null;

        // Runs before the endpoint, so that no body is read from an unauthorized caller.
        app.Use(async (context, next) =>
        {
            if (context.GetEndpoint()?.Metadata.GetMetadata<DaprRoute>() is null)
            {
                await next(context);
            }

            // Checks the connection's port, not the Host header, which any caller can forge.
            else if (port is not null && context.Connection.LocalPort != port)
            {
                context.Response.StatusCode = StatusCodes.Status404NotFound;
            }
            else if (token is not null && !Secrets.AreSame(context.Request.Headers["dapr-api-token"].ToString(), token))
            {
                context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            }
            // Dapr sends only these types, and a web page cannot send them to another site without a CORS preflight.
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
