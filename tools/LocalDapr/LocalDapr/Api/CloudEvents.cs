using System.Text;
using System.Text.Json;

namespace LocalDapr;

/// <summary>What a publish says beside its body.</summary>
/// <param name="Source">The publisher's app id.</param>
/// <param name="PubSub">The component's name.</param>
/// <param name="Topic">The topic.</param>
/// <param name="ContentType">The request's Content-Type as sent; may be empty.</param>
/// <param name="Metadata">The request's metadata.</param>
/// <param name="Trace">The trace it belongs to.</param>
internal sealed record EventSource(
    string Source, string PubSub, string Topic, string ContentType, IReadOnlyDictionary<string, string> Metadata, TraceContext Trace);

/// <summary>The CloudEvents envelope that travels between apps.</summary>
internal static class CloudEvents
{
    public const string ContentType = "application/cloudevents+json";

    /// <summary>Wraps a published body, or completes the envelope the publisher made.</summary>
    /// <param name="source">Who publishes where.</param>
    /// <param name="body">The request's body.</param>
    /// <param name="time">The moment of publishing, with the offset to write.</param>
    /// <param name="expiration">When subscribers should no longer get it; null writes no such field.</param>
    /// <param name="takesSubject">Whether the query may name a subject, as from daprd 1.17 on.</param>
    /// <exception cref="JsonException">The publisher's own envelope is not a JSON object.</exception>
    public static byte[] Envelope(EventSource source, ReadOnlyMemory<byte> body, DateTimeOffset time, DateTimeOffset? expiration, bool takesSubject = true)
    {
        var fields = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        if (IsType(source.ContentType, ContentType))
        {
            Complete(fields, source, body, time);
        }
        else
        {
            Wrap(fields, source, body, time, takesSubject);
        }

        if (expiration is { } moment)
        {
            fields["expiration"] = Json.Marshal(Rfc3339(moment.ToUniversalTime()));
        }

        return Json.MarshalObject(fields);
    }

    /// <summary>The envelope a raw subscriber gets: a new id each time, so nobody can recognise a second delivery by it.</summary>
    public static byte[] WrapRaw(string pubSub, string topic, byte[] body, DateTimeOffset time)
    {
        var fields = new Dictionary<string, byte[]>(StringComparer.Ordinal)
        {
            ["data_base64"] = Json.Marshal(Convert.ToBase64String(body)),
            ["datacontenttype"] = Json.Marshal("application/octet-stream"),
            ["id"] = Json.Marshal(Guid.NewGuid().ToString()),
            ["pubsubname"] = Json.Marshal(pubSub),
            ["source"] = Json.Marshal("Dapr"),
            ["specversion"] = Json.Marshal("1.0"),
            ["time"] = Json.Marshal(Rfc3339(time)),
            ["topic"] = Json.Marshal(topic),
            ["type"] = Json.Marshal("com.dapr.event.sent"),
        };
        return Json.MarshalObject(fields);
    }

    /// <summary>The trace an envelope names, which may be an empty text; null when it has no such field.</summary>
    public static TraceContext? TraceOf(byte[] envelope)
    {
        using var document = JsonDocument.Parse(envelope, Json.Options);
        return (Text("traceparent") ?? Text("traceid")) is { } parent ? new TraceContext(parent, Text("tracestate") ?? "") : null;

        string? Text(string name) =>
            document.RootElement.TryGetProperty(name, out var field) && field.ValueKind == JsonValueKind.String ? Json.TextOf(field) : null;
    }

    /// <summary>Whether a Content-Type is the given one, alone or followed by parameters.</summary>
    public static bool IsType(string contentType, string wanted) =>
        contentType.StartsWith(wanted, StringComparison.OrdinalIgnoreCase)
        && (contentType.Length == wanted.Length || contentType[wanted.Length] == ';');

    public static string Rfc3339(DateTimeOffset time) =>
        time.Offset == TimeSpan.Zero ? $"{time:yyyy-MM-ddTHH:mm:ss}Z" : $"{time:yyyy-MM-ddTHH:mm:sszzz}";

    private static void Complete(Dictionary<string, byte[]> fields, EventSource source, ReadOnlyMemory<byte> body, DateTimeOffset time)
    {
        using var document = JsonDocument.Parse(body, Json.Options);
        if (document.RootElement.ValueKind != JsonValueKind.Object)
        {
            throw new JsonException("the envelope is not an object");
        }

        foreach (var property in document.RootElement.EnumerateObject())
        {
            fields[Json.NameOf(property)] = Json.Marshal(property.Value, exactNumbers: true);
        }

        fields["pubsubname"] = Json.Marshal(source.PubSub);
        fields["topic"] = Json.Marshal(source.Topic);
        fields.TryAdd("source", Json.Marshal("Dapr"));
        fields.TryAdd("specversion", Json.Marshal("1.0"));
        fields.TryAdd("time", Json.Marshal(Rfc3339(time)));
        fields.TryAdd("type", Json.Marshal("com.dapr.event.sent"));
        if (fields.TryAdd("traceid", Json.Marshal(source.Trace.Parent)))
        {
            fields["traceparent"] = Json.Marshal(source.Trace.Parent);
        }

        fields.TryAdd("tracestate", Json.Marshal(source.Trace.State));
    }

    private static void Wrap(Dictionary<string, byte[]> fields, EventSource source, ReadOnlyMemory<byte> body, DateTimeOffset time, bool takesSubject)
    {
        var trace = Given("traceparent") ?? Given("traceid") ?? source.Trace.Parent;
        fields["datacontenttype"] = Json.Marshal(source.ContentType is "" ? "text/plain" : source.ContentType);
        fields["id"] = Json.Marshal(Given("id") ?? Guid.NewGuid().ToString());
        fields["pubsubname"] = Json.Marshal(source.PubSub);
        fields["source"] = Json.Marshal(Given("source") ?? source.Source);
        fields["specversion"] = Json.Marshal("1.0");
        fields["time"] = Json.Marshal(Rfc3339(time));
        fields["topic"] = Json.Marshal(source.Topic);
        fields["traceid"] = Json.Marshal(trace);
        fields["traceparent"] = Json.Marshal(trace);
        fields["tracestate"] = Json.Marshal(Given("tracestate") ?? source.Trace.State);
        fields["type"] = Json.Marshal(Given("type") ?? "com.dapr.event.sent");
        if (takesSubject && Given("subject") is { } subject)
        {
            fields["subject"] = Json.Marshal(subject);
        }

        if (IsType(source.ContentType, "application/octet-stream") || IsType(source.ContentType, "application/cloudevents+protobuf"))
        {
            fields["data_base64"] = Json.Marshal(Convert.ToBase64String(body.Span));
        }
        else
        {
            fields["data"] = DataOf(source.ContentType, body);
        }

        string? Given(string attribute) =>
            Metadata.Find(source.Metadata, "cloudevent." + attribute) is { Length: > 0 } given ? given : null;
    }

    // JSON that cannot be read is not refused: it travels as a string.
    private static byte[] DataOf(string contentType, ReadOnlyMemory<byte> body)
    {
        if (IsType(contentType, "application/json"))
        {
            try
            {
                using var document = JsonDocument.Parse(body, Json.Options);
                return Json.Marshal(document.RootElement, exactNumbers: true);
            }
            catch (JsonException)
            {
                return Json.Marshal(Encoding.UTF8.GetString(body.Span));
            }
        }

        return Json.Marshal(Encoding.UTF8.GetString(body.Span));
    }
}
