using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Http;

namespace LocalDapr;

/// <summary>Writes JSON responses as daprd does.</summary>
internal static class Responses
{
    private static readonly JsonFormatter Details = new(JsonFormatter.Settings.Default
        .WithTypeRegistry(TypeRegistry.FromFiles(Google.Rpc.ErrorDetailsReflection.Descriptor))
        .WithPreserveProtoFieldNames(true)
        .WithFormatDefaultValues(true));

    /// <summary>Writes an error: <c>errorCode</c>, the message or failed entries, and any details.</summary>
    public static Task WriteErrorAsync(this HttpResponse response, ApiError error)
    {
        var json = new JsonObject { ["errorCode"] = error.Code };
        if (error.FailedEntries is { } failed)
        {
            json["failedEntries"] = new JsonArray([.. failed.Select(id => new JsonObject { ["entryId"] = id, ["error"] = error.Message })]);
        }
        else
        {
            json["message"] = error.Message;
        }

        if (error.Details.Count > 0)
        {
            json["details"] = new JsonArray([.. error.Details.Select(detail => JsonNode.Parse(Details.Format(Any.Pack(detail))))]);
        }

        response.StatusCode = error.Status;
        return response.WriteJsonAsync(json);
    }

    /// <summary>Writes the metadata of an app's sidecar: components, subscriptions, and values set by callers.</summary>
    public static Task WriteMetadataAsync(this HttpResponse response, AppSide app) => response.WriteJsonAsync(new
    {
        Id = app.AppId,
        app.Rules.RuntimeVersion,
        Components = app.Components.Select(component => new { component.Name, component.Type, component.Version, component.Capabilities }),
        Extended = app.Extended.OrderBy(pair => pair.Key, StringComparer.Ordinal).ToDictionary(),
        Subscriptions = app.Routes.Count == 0 ? null : app.Routes.Select(route => new
        {
            Pubsubname = route.PubSub,
            route.Topic,
            Rules = new[] { new { Match = "", route.Path } },
            DeadLetterTopic = route.DeadLetterTopic ?? "",
            Type = route.IsDeclared ? "DECLARATIVE" : "PROGRAMMATIC",
        }),
        AppConnectionProperties = app.Ports.Count == 0 ? null : new
        {
            Port = app.Ports[0],
            Protocol = "http",
            ChannelAddress = "127.0.0.1",
            MaxConcurrency = app.MaxConcurrency == int.MaxValue ? default(int?) : app.MaxConcurrency,
        },
        ActorRuntime = new { RuntimeStatus = "DISABLED", HostReady = false },
    });

    public static Task WriteJsonAsync<T>(this HttpResponse response, T value)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(value, Json.Options);
        response.ContentType = "application/json";
        response.ContentLength = json.Length;
        return response.Body.WriteAsync(json, 0, json.Length);
    }
}
