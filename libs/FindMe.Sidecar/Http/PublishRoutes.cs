using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace FindMe.Sidecar;

/// <summary>POST publish/bulk/{pubsub}/{topic}: several events, all or none.</summary>
internal sealed class BulkPublishing(Publishing publishing)
{
    /// <summary>Publishes the entries of the request's body; null means done, with 204.</summary>
    public async Task<ApiError?> PublishAsync(AppSide app, string pubSub, string topic, HttpRequest request, CancellationToken cancellationToken)
    {
        var metadata = Metadata.Of(request);
        if (Publishing.Refusal(app, pubSub, topic, metadata) is { } refusal)
        {
            return refusal;
        }

        try
        {
            Metadata.IsRaw(metadata);
        }
        catch (FormatException failure)
        {
            return ApiError.PublishMetadata(pubSub, failure.Message, metadata);
        }

        if (await RequestBody.ReadAsync(app, request, cancellationToken) is not { } body)
        {
            return Unreadable(RequestBody.TooLarge);
        }

        var component = app.PubSub(pubSub)!;
        var messages = new List<NewMessage>();
        var ids = new List<string>();
        try
        {
            var seen = new HashSet<string>(StringComparer.Ordinal);
            var trace = publishing.TraceOf(request);
            using var document = JsonDocument.Parse(body, GoJson.Options);
            foreach (var entry in document.RootElement.EnumerateArray())
            {
                var source = new EventSource(app.AppId, pubSub, topic, Text(entry, "contentType"), MetadataOf(entry, metadata), trace);
                var data = BytesOf(entry, source.ContentType);
                if (Text(entry, "entryId") is not { Length: > 0 } id || !seen.Add(id))
                {
                    const string Reason = "entryId is duplicated or not present for entry";
                    return ApiError.BulkPublish(
                        pubSub, app.AppId, $"error marshaling events to bytes for topic {topic} pubsub {pubSub}. error: {Reason}", Reason, "DAPR_PUBSUB_MARSHAL_EVENTS");
                }

                messages.Add(publishing.MessageOf(component, source, data));
                ids.Add(id);
            }
        }
        catch (EventContentException failure)
        {
            return ApiError.BulkPublish(
                pubSub,
                app.AppId,
                $"error when marshalling cloud event envelope for topic {topic} pubsub {pubSub}: {failure.Message}",
                failure.Message,
                "DAPR_PUBSUB_MARSHAL_ENVELOPE");
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            return Unreadable("the body is not an array of entries");
        }

        app.Traffic.AddPublishes(messages.Count);
        return component.AllowsPublish(app.AppId, topic)
            ? await publishing.StoreAsync(app.AppId, "bulk publish", topic, reason => ApiError.BulkPublishFailed(ids, reason), messages)
            : ApiError.TopicForbidden(pubSub, topic, app.AppId);

        ApiError Unreadable(string reason) => ApiError.BulkPublish(
            pubSub, app.AppId, $"error when unmarshaling the request for topic {topic} pubsub {pubSub}: {reason}", reason, "DAPR_PUBSUB_UNMARSHAL_EVENTS");
    }

    // The event's JSON type must suit its content type; JSON passes through a double, as a body decoded without its text does.
    private static byte[] BytesOf(JsonElement entry, string contentType)
    {
        var data = GoJson.Field(entry, "event") ?? throw new EventContentException("the entry has no event");
        if (CloudEvents.IsType(contentType, "application/json") || CloudEvents.IsType(contentType, CloudEvents.ContentType))
        {
            return GoJson.Marshal(data, exactNumbers: false);
        }

        if (data.ValueKind == JsonValueKind.String && CloudEvents.IsType(contentType, "application/octet-stream"))
        {
            return data.TryGetBytesFromBase64(out var bytes) ? bytes : throw new EventContentException("the event is not base64");
        }

        var isText = contentType.StartsWith("text/", StringComparison.OrdinalIgnoreCase) || CloudEvents.IsType(contentType, "application/xml");
        return data.ValueKind == JsonValueKind.String && isText
            ? Encoding.UTF8.GetBytes(GoJson.TextOf(data))
            : throw new EventContentException("error: mismatch between contentType and event");
    }

    // An entry's own metadata wins over the request's.
    private static Dictionary<string, string> MetadataOf(JsonElement entry, Dictionary<string, string> metadata)
    {
        var merged = new Dictionary<string, string>(metadata, StringComparer.Ordinal);
        if (GoJson.Field(entry, "metadata") is { ValueKind: JsonValueKind.Object } own)
        {
            foreach (var pair in own.EnumerateObject())
            {
                merged[GoJson.NameOf(pair)] = GoJson.TextOf(pair.Value);
            }
        }

        return merged;
    }

    private static string Text(JsonElement entry, string name) =>
        GoJson.Field(entry, name) is { ValueKind: JsonValueKind.String } text ? GoJson.TextOf(text) : "";

    private sealed class EventContentException(string message) : Exception(message);
}
