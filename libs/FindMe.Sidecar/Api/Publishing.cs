using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Data.Sqlite;

namespace FindMe.Sidecar;

/// <summary>POST publish/{pubsub}/{topic}: one event → envelope → broker.</summary>
internal sealed class Publishing(Broker broker, Interference interference, bool tracing, DaprVersion version, TimeProvider time)
{
    /// <summary>Publishes the request's body; null means done, with 204.</summary>
    public async Task<ApiError?> PublishAsync(AppSide app, string pubSub, string topic, HttpRequest request, CancellationToken cancellationToken)
    {
        var metadata = Metadata.Of(request);
        if (Refusal(app, pubSub, topic, metadata) is { } refusal)
        {
            return refusal;
        }

        if (await RequestBody.ReadAsync(app, request, cancellationToken) is not { } body)
        {
            return ApiError.PublishFailed(pubSub, topic, RequestBody.TooLarge);
        }

        app.Traffic.AddPublishes(1);
        var component = app.PubSub(pubSub)!;
        NewMessage message;
        try
        {
            message = MessageOf(component, new EventSource(app.AppId, pubSub, topic, request.ContentType ?? "", metadata, TraceOf(request)), body);
        }
        catch (FormatException failure)
        {
            return ApiError.PublishMetadata(pubSub, failure.Message, metadata);
        }
        catch (JsonException failure)
        {
            return ApiError.NoCloudEvent(pubSub, app.AppId, failure.Message);
        }

        return component.AllowsPublish(app.AppId, topic)
            ? await StoreAsync(app.AppId, "publish", topic, reason => ApiError.PublishFailed(pubSub, topic, reason), [message])
            : ApiError.TopicForbidden(pubSub, topic, app.AppId);
    }

    /// <summary>The trace an event of this request belongs to.</summary>
    public TraceContext TraceOf(HttpRequest request) => tracing
        ? TraceContext.Below(request.Headers.TraceParent.ToString(), request.Headers.TraceState.ToString())
        : TraceContext.Of(request.Headers.TraceParent.ToString(), request.Headers.TraceState.ToString())
            ?? (version == DaprVersion.V116 ? TraceContext.Zeros : TraceContext.None);

    /// <summary>Why nothing can be published there at all; null when something can.</summary>
    public static ApiError? Refusal(AppSide app, string pubSub, string topic, IReadOnlyDictionary<string, string> metadata) =>
        app.PubSub(pubSub) is null ? ApiError.PubSubNotFound(pubSub, metadata)
        : topic.Length == 0 ? ApiError.TopicEmpty(pubSub, metadata)
        : null;

    /// <summary>Makes what the broker stores of one event.</summary>
    /// <exception cref="FormatException"><c>rawPayload</c> is no boolean.</exception>
    /// <exception cref="JsonException">The body claims to be an envelope and is none.</exception>
    public NewMessage MessageOf(Component component, EventSource source, byte[] body)
    {
        var now = time.GetLocalNow();
        DateTimeOffset? expires = Metadata.TimeToLive(source.Metadata) is { } timeToLive ? now + timeToLive : null;
        // Some brokers end a message's life themselves; for the others daprd writes the moment into the envelope.
        var data = Metadata.IsRaw(source.Metadata)
            ? body
            : CloudEvents.Envelope(source, body, now, component.HasTimeToLive ? null : expires, takesSubject: version != DaprVersion.V116);
        return new NewMessage(
            source.PubSub, source.Topic, data, Metadata.Marshal(source.Metadata), now.ToUnixTimeMilliseconds(), expires?.ToUnixTimeMilliseconds());
    }

    public Task<ApiError?> StoreAsync(string appId, string operation, string topic, Func<string, ApiError> failed, IReadOnlyList<NewMessage> messages) =>
        interference.PublishAsync(appId, operation, topic, failed, async () =>
        {
            try
            {
                await broker.PublishAsync(messages);
                return null;
            }
            catch (SqliteException failure)
            {
                return ApiError.OfDatabase(failure, failed);
            }
        });
}
