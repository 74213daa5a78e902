using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace LocalDapr;

/// <summary>POST publish/{pubsub}/{topic} and publish/bulk/{pubsub}/{topic}.</summary>
internal sealed class PublishRoutes(Publishing publishing)
{
    /// <summary>Publishes the request's body; null means done, with 204.</summary>
    public async Task<ApiError?> PublishAsync(AppSide app, string pubSub, string topic, HttpRequest request, CancellationToken cancellationToken)
    {
        var source = SourceOf(app, pubSub, topic, request);
        if (Publishing.Refusal(app, pubSub, topic, source.Metadata) is { } refusal)
        {
            return refusal;
        }

        return await RequestBody.ReadAsync(app, request, cancellationToken) is { } body
            ? await publishing.PublishAsync(app, source, body)
            : ApiError.PublishFailed(pubSub, topic, RequestBody.TooLarge);
    }

    /// <summary>Publishes the entries of the request's body, all or none; null means done, with 204.</summary>
    public async Task<ApiError?> PublishBulkAsync(AppSide app, string pubSub, string topic, HttpRequest request, CancellationToken cancellationToken)
    {
        var source = SourceOf(app, pubSub, topic, request);
        if (Publishing.Refusal(app, pubSub, topic, source.Metadata) is { } refusal)
        {
            return refusal;
        }

        if (await RequestBody.ReadAsync(app, request, cancellationToken) is not { } body)
        {
            return Unreadable(RequestBody.TooLarge);
        }

        List<BulkEntry> entries;
        try
        {
            using var document = JsonDocument.Parse(body, Json.Options);
            entries = [.. document.RootElement.EnumerateArray().Select(EntryOf)];
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

        return await publishing.PublishBulkAsync(app, source, entries, reason => ApiError.BulkPublishFailed([.. entries.Select(entry => entry.Id)], reason));

        ApiError Unreadable(string reason) => ApiError.BulkPublish(
            pubSub, app.AppId, $"error when unmarshaling the request for topic {topic} pubsub {pubSub}: {reason}", reason, "DAPR_PUBSUB_UNMARSHAL_EVENTS");
    }

    private EventSource SourceOf(AppSide app, string pubSub, string topic, HttpRequest request) =>
        new(app.AppId, pubSub, topic, request.ContentType ?? "", Metadata.Of(request), publishing.TraceOf(request.Headers, handsOn: true));

    private static BulkEntry EntryOf(JsonElement entry)
    {
        var contentType = Text(entry, "contentType");
        return new BulkEntry(Text(entry, "entryId"), contentType, BytesOf(entry, contentType), MetadataOf(entry));
    }

    // The event's JSON type must suit its content type; JSON passes through a double, as a body decoded without its text does.
    private static byte[] BytesOf(JsonElement entry, string contentType)
    {
        var data = Json.Field(entry, "event") ?? throw new EventContentException("the entry has no event");
        if (CloudEvents.IsType(contentType, "application/json") || CloudEvents.IsType(contentType, CloudEvents.ContentType))
        {
            return Json.Marshal(data, exactNumbers: false);
        }

        if (data.ValueKind == JsonValueKind.String && CloudEvents.IsType(contentType, "application/octet-stream"))
        {
            return data.TryGetBytesFromBase64(out var bytes) ? bytes : throw new EventContentException("the event is not base64");
        }

        var isText = contentType.StartsWith("text/", StringComparison.OrdinalIgnoreCase) || CloudEvents.IsType(contentType, "application/xml");
        return data.ValueKind == JsonValueKind.String && isText
            ? Encoding.UTF8.GetBytes(Json.TextOf(data))
            : throw new EventContentException("error: mismatch between contentType and event");
    }

    private static Dictionary<string, string>? MetadataOf(JsonElement entry)
    {
        if (Json.Field(entry, "metadata") is not { ValueKind: JsonValueKind.Object } own)
        {
            return null;
        }

        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in own.EnumerateObject())
        {
            metadata[Json.NameOf(pair)] = Json.TextOf(pair.Value);
        }

        return metadata;
    }

    private static string Text(JsonElement entry, string name) =>
        Json.Field(entry, name) is { ValueKind: JsonValueKind.String } text ? Json.TextOf(text) : "";

    private sealed class EventContentException(string message) : Exception(message);
}
