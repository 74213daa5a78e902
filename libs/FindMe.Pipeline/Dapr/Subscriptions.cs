using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace FindMe.Pipeline.Dapr;

/// <summary>What Dapr is told of a subscription.</summary>
/// <param name="PubSubName">The pub/sub component.</param>
/// <param name="Topic">The topic.</param>
/// <param name="DeadLetterTopic">Where messages go that failed every time; null: they are lost.</param>
public sealed record TopicSubscription(string PubSubName, string Topic, string? DeadLetterTopic);

/// <summary>Subscribes endpoints to topics, and tells Dapr of them at <c>GET /dapr/subscribe</c>.</summary>
public static class Subscriptions
{
    /// <summary>Dapr delivers the topic's messages to this endpoint; nobody else can call it where an app token is configured.</summary>
    /// <param name="endpoint">A POST endpoint without route parameters.</param>
    /// <param name="topic">The topic.</param>
    /// <param name="deadLetterTopic">Where messages go that failed every time; null: none, for dead letters themselves.</param>
    public static RouteHandlerBuilder WithTopic(this RouteHandlerBuilder endpoint, string topic, string? deadLetterTopic) =>
        endpoint
            .WithMetadata(new TopicSubscription(Topics.PubSub, topic, deadLetterTopic))
            .RequireAppToken()
            .ExcludeFromDescription();

    /// <summary>Answers Dapr's question what this app subscribes to.</summary>
    /// <param name="routes">The app.</param>
    public static void MapSubscribeHandler(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/dapr/subscribe", (EndpointDataSource endpoints) => endpoints.Endpoints
                .OfType<RouteEndpoint>()
                .Select(endpoint => (endpoint.RoutePattern.RawText, Subscription: endpoint.Metadata.GetMetadata<TopicSubscription>()))
                .Where(entry => entry.Subscription is not null)
                .Select(entry => new
                {
                    pubsubname = entry.Subscription!.PubSubName,
                    topic = entry.Subscription.Topic,
                    route = entry.RawText,
                    deadLetterTopic = entry.Subscription.DeadLetterTopic,
                })
                .OrderBy(entry => entry.topic, StringComparer.Ordinal))
            .RequireAppToken()
            .ExcludeFromDescription();

    private static RouteHandlerBuilder RequireAppToken(this RouteHandlerBuilder endpoint) =>
        endpoint.AddEndpointFilter(async (context, next) =>
        {
            var expected = context.HttpContext.RequestServices.GetRequiredService<IConfiguration>()["APP_API_TOKEN"];
            if (string.IsNullOrEmpty(expected))
            {
                return await next(context);
            }

            var given = context.HttpContext.Request.Headers["dapr-api-token"].ToString();
            return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(expected))
                ? await next(context)
                : Results.StatusCode(StatusCodes.Status401Unauthorized);
        });
}
