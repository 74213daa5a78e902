using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LocalDapr;

/// <summary>A publish request without its body.</summary>
/// <param name="Source">The publisher's app id.</param>
/// <param name="PubSub">The component's name.</param>
/// <param name="Topic">The topic.</param>
/// <param name="ContentType">The request's Content-Type as sent; may be empty.</param>
/// <param name="Metadata">The request's metadata.</param>
/// <param name="Trace">The request's trace.</param>
internal sealed record EventSource(
    string Source, string PubSub, string Topic, string ContentType, IReadOnlyDictionary<string, string> Metadata, TraceContext Trace);

/// <summary>Creates CloudEvents envelopes as daprd does.</summary>
internal static class CloudEvents
{
    public const string ContentType = "application/cloudevents+json";

    /// <summary>Wraps a published body in an envelope, or completes the publisher's own envelope.</summary>
    /// <param name="source">The publish request.</param>
    /// <param name="body">The request's body.</param>
    /// <param name="time">The time of publishing, with the UTC offset to write.</param>
    /// <param name="expiration">When the event expires; null writes no such field.</param>
    /// <param name="takesSubject">Whether the query can set the subject, as since daprd 1.17.</param>
    /// <exception cref="JsonException">The publisher's own envelope is not a JSON object.</exception>
    public static byte[] Envelope(EventSource source, ReadOnlyMemory<byte> body, DateTimeOffset time, DateTimeOffset? expiration, bool takesSubject = true)
    {
        var isWhole = IsType(source.ContentType, ContentType);
        var envelope = isWhole ? Complete(source, body, time) : Wrap(source, body, time, takesSubject);
        if (expiration is { } moment)
        {
            envelope["expiration"] = Rfc3339(moment.ToUniversalTime());
        }

        try
        {
            return JsonSerializer.SerializeToUtf8Bytes(envelope, Json.Options);
        }
        catch (InvalidOperationException failure)
        {
            // Half a surrogate pair cannot be written as JSON.
            if (isWhole)
            {
                throw new JsonException(failure.Message, failure);
            }

            envelope["data"] = Encoding.UTF8.GetString(body.Span);
            return JsonSerializer.SerializeToUtf8Bytes(envelope, Json.Options);
        }
    }

    /// <summary>Creates the envelope for a raw subscriber. Like daprd's, it has a new id each time, so a redelivery cannot be recognized by its id.</summary>
    public static byte[] WrapRaw(string pubSub, string topic, byte[] body, DateTimeOffset time) => JsonSerializer.SerializeToUtf8Bytes(
        new JsonObject
        {
            ["data_base64"] = Convert.ToBase64String(body),
            ["datacontenttype"] = "application/octet-stream",
            ["id"] = Guid.NewGuid().ToString(),
            ["pubsubname"] = pubSub,
            ["source"] = "Dapr",
            ["specversion"] = "1.0",
            ["time"] = Rfc3339(time),
            ["topic"] = topic,
            ["type"] = "com.dapr.event.sent",
        },
        Json.Options);

    /// <summary>Returns an envelope's trace, which may be empty; null when it has no trace field.</summary>
    public static TraceContext? TraceOf(byte[] envelope)
    {
        var fields = JsonSerializer.Deserialize<TraceFields>(envelope, Json.Options)!;
        return (fields.TraceParent ?? fields.TraceId) is { } parent ? new TraceContext(parent, fields.TraceState ?? "") : null;
    }

    /// <summary>Whether a Content-Type is the wanted one, ignoring parameters.</summary>
    public static bool IsType(string contentType, string wanted) =>
        contentType.StartsWith(wanted, StringComparison.OrdinalIgnoreCase)
        && (contentType.Length == wanted.Length || contentType[wanted.Length] == ';');

    public static string Rfc3339(DateTimeOffset time) =>
        time.Offset == TimeSpan.Zero ? $"{time:yyyy-MM-ddTHH:mm:ss}Z" : $"{time:yyyy-MM-ddTHH:mm:sszzz}";

    private static JsonObject Complete(EventSource source, ReadOnlyMemory<byte> body, DateTimeOffset time)
    {
        try
        {
            var envelope = JsonNode.Parse(body.Span, documentOptions: Json.Document) as JsonObject ?? throw new JsonException("the envelope is not an object");
            envelope["pubsubname"] = source.PubSub;
            envelope["topic"] = source.Topic;
            envelope.TryAdd("source", "Dapr");
            envelope.TryAdd("specversion", "1.0");
            envelope.TryAdd("time", Rfc3339(time));
            envelope.TryAdd("type", "com.dapr.event.sent");
            if (envelope.TryAdd("traceid", source.Trace.Parent))
            {
                envelope["traceparent"] = source.Trace.Parent;
            }

            envelope.TryAdd("tracestate", source.Trace.State);
            return envelope;
        }
        catch (Exception failure) when (failure is ArgumentException or InvalidOperationException)
        {
            throw new JsonException(failure.Message, failure);
        }
    }

    private static JsonObject Wrap(EventSource source, ReadOnlyMemory<byte> body, DateTimeOffset time, bool takesSubject)
    {
        var trace = Given("traceparent") ?? Given("traceid") ?? source.Trace.Parent;
        var envelope = new JsonObject
        {
            ["datacontenttype"] = source.ContentType is "" ? "text/plain" : source.ContentType,
            ["id"] = Given("id") ?? Guid.NewGuid().ToString(),
            ["pubsubname"] = source.PubSub,
            ["source"] = Given("source") ?? source.Source,
            ["specversion"] = "1.0",
            ["time"] = Rfc3339(time),
            ["topic"] = source.Topic,
            ["traceid"] = trace,
            ["traceparent"] = trace,
            ["tracestate"] = Given("tracestate") ?? source.Trace.State,
            ["type"] = Given("type") ?? "com.dapr.event.sent",
        };
        if (takesSubject && Given("subject") is { } subject)
        {
            envelope["subject"] = subject;
        }

        if (IsType(source.ContentType, "application/octet-stream") || IsType(source.ContentType, "application/cloudevents+protobuf"))
        {
            envelope["data_base64"] = Convert.ToBase64String(body.Span);
        }
        else
        {
            envelope["data"] = DataOf(source.ContentType, body);
        }

        return envelope;

        string? Given(string attribute) =>
            Metadata.Find(source.Metadata, "cloudevent." + attribute) is { Length: > 0 } given ? given : null;
    }

    // As in daprd, invalid JSON is sent as a string.
    private static JsonNode? DataOf(string contentType, ReadOnlyMemory<byte> body)
    {
        if (IsType(contentType, "application/json"))
        {
            try
            {
                return JsonNode.Parse(body.Span, documentOptions: Json.Document);
            }
            catch (JsonException)
            {
            }
        }

        return Encoding.UTF8.GetString(body.Span);
    }

    private sealed record TraceFields(string? TraceParent, string? TraceId, string? TraceState);
}
