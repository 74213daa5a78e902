using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace LocalDapr;

/// <summary>One entry of a bulk publish.</summary>
/// <param name="Id">The caller's id for the entry.</param>
/// <param name="ContentType">Content type of the data.</param>
/// <param name="Data">The event's data.</param>
/// <param name="Metadata">The entry's own metadata; null for none.</param>
internal sealed record BulkEntry(string Id, string ContentType, ReadOnlyMemory<byte> Data, IReadOnlyDictionary<string, string>? Metadata);

/// <summary>Events → envelopes → broker. Several events are stored all or none.</summary>
internal sealed class Publishing(Broker broker, SidecarOptions options)
{
    /// <summary>Returns the trace for the events of a request.</summary>
    /// <param name="headers">The request's headers.</param>
    /// <param name="keepsCallers">Whether to pass on the caller's trace when tracing is off: daprd does so over HTTP, but not over gRPC.</param>
    public TraceContext TraceOf(IHeaderDictionary headers, bool keepsCallers)
    {
        var (parent, state) = (headers.TraceParent.ToString(), headers.TraceState.ToString());
        return options.Tracing ? TraceContext.Below(parent, state)
            : (keepsCallers ? TraceContext.Of(parent, state) : null) ?? options.Rules.NoTrace;
    }

    /// <summary>Returns the error of an invalid publish request; null when it is valid.</summary>
    public static ApiError? Check(AppSide app, string pubSub, string topic, IReadOnlyDictionary<string, string> metadata) =>
        app.PubSub(pubSub) is null ? ApiError.PubSubNotFound(pubSub, metadata)
        : topic.Length == 0 ? ApiError.TopicEmpty(pubSub, metadata)
        : Metadata.IsRaw(metadata) is null ? ApiError.PublishMetadata(
            pubSub, $"rawPayload value must be a valid boolean: actual is '{Metadata.Find(metadata, "rawPayload")}'", metadata)
        : null;

    /// <summary>Publishes an event; returns null once it is stored.</summary>
    public async Task<ApiError?> PublishAsync(AppSide app, EventSource source, ReadOnlyMemory<byte> data)
    {
        if (Check(app, source.PubSub, source.Topic, source.Metadata) is { } refusal)
        {
            return refusal;
        }

        app.Traffic.AddPublishes(1);
        try
        {
            var message = MessageOf(source, data, Metadata.IsRaw(source.Metadata)!.Value);
            return await StoreAsync(app, "publish", source.PubSub, source.Topic, [message], reason => ApiError.PublishFailed(source.PubSub, source.Topic, reason));
        }
        catch (JsonException failure)
        {
            return ApiError.NoCloudEvent(source.PubSub, app.AppId, failure.Message);
        }
    }

    /// <summary>Publishes several events, all or none; returns null once they are stored.</summary>
    /// <param name="app">The publisher.</param>
    /// <param name="request">The publish request; its content type is ignored.</param>
    /// <param name="entries">The events.</param>
    /// <param name="failed">Creates the error for a failed broker.</param>
    public async Task<ApiError?> PublishBulkAsync(AppSide app, EventSource request, IReadOnlyList<BulkEntry> entries, Func<string, ApiError> failed)
    {
        var (pubSub, topic) = (request.PubSub, request.Topic);
        if (Check(app, pubSub, topic, request.Metadata) is { } refusal)
        {
            return refusal;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        if (entries.Any(entry => entry.Id.Length == 0 || !seen.Add(entry.Id)))
        {
            const string Reason = "entryId is duplicated or not present for entry";
            return ApiError.BulkPublish(
                pubSub, app.AppId, $"error marshaling events to bytes for topic {topic} pubsub {pubSub}. error: {Reason}", Reason, "DAPR_PUBSUB_MARSHAL_EVENTS");
        }

        app.Traffic.AddPublishes(entries.Count);
        var isRaw = Metadata.IsRaw(request.Metadata)!.Value;
        try
        {
            var messages = entries
                .Select(entry => MessageOf(
                    request with { ContentType = entry.ContentType, Metadata = MetadataOf(entry, request.Metadata) }, entry.Data, isRaw))
                .ToList();
            return await StoreAsync(app, "bulk publish", pubSub, topic, messages, failed);
        }
        catch (JsonException failure)
        {
            return ApiError.NoCloudEvent(pubSub, app.AppId, failure.Message);
        }
    }

    // As in daprd, an entry gets the request's metadata only if it has metadata of its own, which wins.
    private static Dictionary<string, string> MetadataOf(BulkEntry entry, IReadOnlyDictionary<string, string> request) => entry.Metadata is { } own
        ? request.Where(pair => !own.ContainsKey(pair.Key)).Concat(own).ToDictionary(StringComparer.Ordinal)
        : [];

    private NewMessage MessageOf(EventSource source, ReadOnlyMemory<byte> data, bool isRaw)
    {
        var now = options.TimeProvider.GetLocalNow();
        DateTimeOffset? expires = Metadata.TimeToLive(source.Metadata) is { } timeToLive ? now + timeToLive : null;
        var body = isRaw ? data.ToArray() : CloudEvents.Envelope(source, data, now, options.Rules.WritesExpiration ? expires : null, options.Rules.TakesSubject);
        return new NewMessage(
            source.PubSub, source.Topic, body, Metadata.Marshal(source.Metadata), now.ToUnixTimeMilliseconds(), expires?.ToUnixTimeMilliseconds());
    }

    private async Task<ApiError?> StoreAsync(
        AppSide app, string operation, string pubSub, string topic, IReadOnlyList<NewMessage> messages, Func<string, ApiError> failed)
    {
        if (!app.PubSub(pubSub)!.AllowsPublish(app.AppId, topic))
        {
            return ApiError.TopicForbidden(pubSub, topic, app.AppId);
        }

        return await new SidecarCall(app.AppId, CallKind.Publish, operation, topic) { Failed = failed }.InterceptAsync(options.Interceptor, async () =>
        {
            await broker.PublishAsync(messages);
            return null;
        });
    }
}
