using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace LocalDapr;

/// <summary>An app's subscription to a topic.</summary>
/// <param name="PubSub">The component's name.</param>
/// <param name="Topic">The topic.</param>
/// <param name="Path">Path of the app's endpoint, with or without a leading slash.</param>
/// <param name="DeadLetterTopic">Topic for events that the app drops or fails for good; null for none.</param>
/// <param name="IsRaw">Whether bodies are not CloudEvents and are wrapped on delivery.</param>
/// <param name="IsDeclared">Whether it is declared in YAML rather than by the app.</param>
internal sealed record Route(string PubSub, string Topic, string Path, string? DeadLetterTopic, bool IsRaw, bool IsDeclared);

/// <summary>Discovers the subscriptions of an app.</summary>
internal sealed partial class Subscriptions(string appId, HttpClient app, DeclaredResources resources, ILogger logger)
{
    /// <summary>Returns the subscriptions of the app and those declared for it in YAML; for the same topic, the app's wins.</summary>
    /// <exception cref="HttpRequestException">The app stopped listening.</exception>
    public async Task<IReadOnlyList<Route>> DiscoverAsync(CancellationToken cancellationToken)
    {
        // daprd requests the configuration first, and ignores the response.
        using (await GetAsync("dapr/config", cancellationToken))
        {
        }

        using var response = await GetAsync("dapr/subscribe", cancellationToken);
        var routes = new Dictionary<(string, string), Route>();
        foreach (var declared in resources.Subscriptions.Where(subscription => subscription.IsSeenBy(appId)))
        {
            routes[(declared.Route.PubSub, declared.Route.Topic)] = declared.Route;
        }

        foreach (var route in await ReadAsync(response, cancellationToken))
        {
            routes[(route.PubSub, route.Topic)] = route;
        }

        return [.. routes.Values.Where(IsServed)];
    }

    private async Task<HttpResponseMessage> GetAsync(string path, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Content = new ByteArrayContent([]) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add("dapr-app-id", appId);
        return await app.SendAsync(request, cancellationToken);
    }

    private async Task<IReadOnlyList<Route>> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            LogNoSubscriptions(logger, appId);
            return [];
        }

        if (response.StatusCode != HttpStatusCode.OK)
        {
            LogRefused(logger, appId, (int)response.StatusCode);
            return [];
        }

        var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        try
        {
            return body.Length == 0 ? [] : Read(JsonSerializer.Deserialize<List<Entry?>>(body, Json.Options) ?? []);
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            LogUnreadable(logger, appId, failure);
            return [];
        }
    }

    private List<Route> Read(List<Entry?> entries)
    {
        var routes = new List<Route>();
        foreach (var entry in entries.OfType<Entry>())
        {
            var topic = entry.Topic ?? "";
            if (entry.Routes?.Rules is { Count: > 0 })
            {
                LogRules(logger, appId, topic);
            }

            if (entry.Routes?.Default is { Length: > 0 } path || (path = entry.Route) is { Length: > 0 })
            {
                var isRaw = entry.Metadata?.GetValueOrDefault("rawPayload").ToString() is "true";
                routes.Add(new Route(entry.PubSubName ?? "", topic, path, entry.DeadLetterTopic is "" ? null : entry.DeadLetterTopic, isRaw, IsDeclared: false));
            }
            else
            {
                LogNoRoute(logger, appId, topic);
            }
        }

        return routes;
    }

    private bool IsServed(Route route)
    {
        var problem = resources.Components.FirstOrDefault(component => component.IsPubSub && component.Name == route.PubSub && component.IsSeenBy(appId)) switch
        {
            null => "the app has no such pub/sub component",
            { } component when !component.AllowsSubscribe(appId, route.Topic) => "the component's scopes forbid it",
            _ => null,
        };
        if (problem is not null)
        {
            LogNotServed(logger, appId, route.Topic, route.PubSub, problem);
        }

        return problem is null;
    }

    private sealed record Entry(
        string? PubSubName, string? Topic, string? Route, EntryRoutes? Routes, string? DeadLetterTopic, Dictionary<string, JsonElement>? Metadata);

    private sealed record EntryRoutes(string? Default, IReadOnlyList<JsonElement>? Rules);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{AppId} has no subscriptions: dapr/subscribe returned 404")]
    private static partial void LogNoSubscriptions(ILogger logger, string appId);

    [LoggerMessage(Level = LogLevel.Error, Message = "dapr/subscribe of {AppId} returned {Status}; will retry when the app restarts")]
    private static partial void LogRefused(ILogger logger, string appId, int status);

    [LoggerMessage(Level = LogLevel.Error, Message = "dapr/subscribe of {AppId} did not return a list of subscriptions; will retry when the app restarts")]
    private static partial void LogUnreadable(ILogger logger, string appId, Exception failure);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{AppId} subscribes to {Topic} without a route; ignoring the subscription")]
    private static partial void LogNoRoute(ILogger logger, string appId, string topic);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{AppId} routes {Topic} by rules, which are not supported; using the default route only")]
    private static partial void LogRules(ILogger logger, string appId, string topic);

    [LoggerMessage(Level = LogLevel.Error, Message = "{AppId} cannot subscribe to {Topic} on {PubSub}: {Problem}")]
    private static partial void LogNotServed(ILogger logger, string appId, string topic, string pubSub, string problem);
}
