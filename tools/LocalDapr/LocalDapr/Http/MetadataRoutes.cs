using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace LocalDapr;

/// <summary>GET and PUT metadata: what the sidecar of one app has loaded, and what callers add.</summary>
internal static class MetadataRoutes
{
    public static async Task<ApiError?> WriteAsync(AppSide app, HttpResponse response)
    {
        response.ContentType = "application/json";
        await using var json = new Utf8JsonWriter(response.Body);
        json.WriteStartObject();
        json.WriteString("id", app.AppId);
        json.WriteString("runtimeVersion", app.RuntimeVersion);
        json.WriteStartArray("components");
        foreach (var component in app.Components)
        {
            json.WriteStartObject();
            json.WriteString("name", component.Name);
            json.WriteString("type", component.Type);
            json.WriteString("version", component.Version);
            json.WriteStartArray("capabilities");
            foreach (var capability in component.Capabilities)
            {
                json.WriteStringValue(capability);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartObject("extended");
        foreach (var (name, value) in app.Extended.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            json.WriteString(name, value);
        }

        json.WriteEndObject();
        WriteSubscriptions(json, app.Routes);
        if (app.Ports.Count > 0)
        {
            json.WriteStartObject("appConnectionProperties");
            json.WriteNumber("port", app.Ports[0]);
            json.WriteString("protocol", "http");
            json.WriteString("channelAddress", "127.0.0.1");
            if (app.MaxConcurrency != int.MaxValue)
            {
                json.WriteNumber("maxConcurrency", app.MaxConcurrency);
            }

            json.WriteEndObject();
        }

        json.WriteStartObject("actorRuntime");
        json.WriteString("runtimeStatus", "DISABLED");
        json.WriteBoolean("hostReady", false);
        json.WriteEndObject();
        json.WriteEndObject();
        return null;
    }

    public static async Task<ApiError?> PutAsync(AppSide app, string key, HttpRequest request)
    {
        if (await RequestBody.ReadAsync(app, request, request.HttpContext.RequestAborted) is not { } body)
        {
            return ApiError.Malformed(RequestBody.TooLarge);
        }

        app.Extended[key] = Encoding.UTF8.GetString(body);
        return null;
    }

    private static void WriteSubscriptions(Utf8JsonWriter json, IReadOnlyList<Route> routes)
    {
        if (routes.Count == 0)
        {
            return;
        }

        json.WriteStartArray("subscriptions");
        foreach (var route in routes)
        {
            json.WriteStartObject();
            json.WriteString("pubsubname", route.PubSub);
            json.WriteString("topic", route.Topic);
            json.WriteStartArray("rules");
            json.WriteStartObject();
            json.WriteString("match", "");
            json.WriteString("path", route.Path);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteString("deadLetterTopic", route.DeadLetterTopic ?? "");
            json.WriteString("type", route.IsDeclared ? "DECLARATIVE" : "PROGRAMMATIC");
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
