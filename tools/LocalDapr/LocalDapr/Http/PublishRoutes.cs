using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace LocalDapr;

/// <summary>POST publish/{pubsub}/{topic} and publish/bulk/{pubsub}/{topic}.</summary>
internal sealed class PublishRoutes(Publishing publishing)
{
    /// <summary>Publishes the request body; null means success (204).</summary>
    public async Task<ApiError?> PublishAsync(AppSide app, string pubSub, string topic, HttpRequest request)
    {
        var source = SourceOf(app, pubSub, topic, request);
        return Publishing.Check(app, pubSub, topic, source.Metadata)
            ?? (await Requests.ReadAsync(app, request) is { } body
                ? await publishing.PublishAsync(app, source, body)
                : ApiError.PublishFailed(pubSub, topic, Requests.TooLarge));
    }

    /// <summary>Publishes the entries of the request body, all or none; null means success (204).</summary>
    public async Task<ApiError?> PublishBulkAsync(AppSide app, string pubSub, string topic, HttpRequest request)
    {
        var source = SourceOf(app, pubSub, topic, request);
        if (Publishing.Check(app, pubSub, topic, source.Metadata) is { } refusal)
        {
            return refusal;
        }

        if (await Requests.ReadAsync(app, request) is not { } body)
        {
            return Unreadable(Requests.TooLarge);
        }

        List<BulkEntry> entries;
        try
        {
            entries = [.. (JsonSerializer.Deserialize<List<Entry?>>(body, Json.Options) ?? []).OfType<Entry>()
                .Select(entry => new BulkEntry(entry.EntryId ?? "", entry.ContentType ?? "", BytesOf(entry.Event, entry.ContentType ?? ""), entry.Metadata))];
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
        new(app.AppId, pubSub, topic, request.ContentType ?? "", Metadata.Of(request), publishing.TraceOf(request.Headers, keepsCallers: true));

    // The event's JSON type must match its content type.
    private static byte[] BytesOf(JsonElement data, string contentType)
    {
        if (CloudEvents.IsType(contentType, "application/json") || CloudEvents.IsType(contentType, CloudEvents.ContentType))
        {
            return data.ValueKind == JsonValueKind.Undefined ? throw new EventContentException("the entry has no event") : JsonMarshal.GetRawUtf8Value(data).ToArray();
        }

        if (data.ValueKind == JsonValueKind.String && CloudEvents.IsType(contentType, "application/octet-stream"))
        {
            return data.TryGetBytesFromBase64(out var bytes) ? bytes : throw new EventContentException("the event is not base64");
        }

        var isText = contentType.StartsWith("text/", StringComparison.OrdinalIgnoreCase) || CloudEvents.IsType(contentType, "application/xml");
        return data.ValueKind == JsonValueKind.String && isText
            ? Encoding.UTF8.GetBytes(data.GetString()!)
            : throw new EventContentException("error: mismatch between contentType and event");
    }

    private sealed record Entry(string? EntryId, string? ContentType, JsonElement Event, Dictionary<string, string>? Metadata);

    private sealed class EventContentException(string message) : Exception(message);
}
