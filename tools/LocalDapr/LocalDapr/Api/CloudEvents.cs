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
        // Go marshals a map: the keys come in byte order.
        var fields = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
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
            fields["expiration"] = GoJson.Marshal(Rfc3339(moment.ToUniversalTime()));
        }

        return GoJson.MarshalObject(fields);
    }

    /// <summary>The envelope a raw subscriber gets: a new id each time, so nobody can recognise a second delivery by it.</summary>
    public static byte[] WrapRaw(string pubSub, string topic, byte[] body, DateTimeOffset time)
    {
        var fields = new SortedDictionary<string, byte[]>(StringComparer.Ordinal)
        {
            ["data_base64"] = GoJson.Marshal(Convert.ToBase64String(body)),
            ["datacontenttype"] = GoJson.Marshal("application/octet-stream"),
            ["id"] = GoJson.Marshal(Guid.NewGuid().ToString()),
            ["pubsubname"] = GoJson.Marshal(pubSub),
            ["source"] = GoJson.Marshal("Dapr"),
            ["specversion"] = GoJson.Marshal("1.0"),
            ["time"] = GoJson.Marshal(Rfc3339(time)),
            ["topic"] = GoJson.Marshal(topic),
            ["type"] = GoJson.Marshal("com.dapr.event.sent"),
        };
        return GoJson.MarshalObject(fields);
    }

    /// <summary>The trace an envelope names, which may be an empty text; null when it has no such field.</summary>
    public static TraceContext? TraceOf(byte[] envelope)
    {
        using var document = JsonDocument.Parse(envelope, GoJson.Options);
        return (Text("traceparent") ?? Text("traceid")) is { } parent ? new TraceContext(parent, Text("tracestate") ?? "") : null;

        string? Text(string name) =>
            document.RootElement.TryGetProperty(name, out var field) && field.ValueKind == JsonValueKind.String ? GoJson.TextOf(field) : null;
    }

    /// <summary>Whether a Content-Type is the given one, alone or followed by parameters.</summary>
    public static bool IsType(string contentType, string wanted) =>
        contentType.StartsWith(wanted, StringComparison.OrdinalIgnoreCase)
        && (contentType.Length == wanted.Length || contentType[wanted.Length] == ';');

    public static string Rfc3339(DateTimeOffset time) =>
        time.Offset == TimeSpan.Zero ? $"{time:yyyy-MM-ddTHH:mm:ss}Z" : $"{time:yyyy-MM-ddTHH:mm:sszzz}";

    private static void Complete(SortedDictionary<string, byte[]> fields, EventSource source, ReadOnlyMemory<byte> body, DateTimeOffset time)
    {
        using var document = JsonDocument.Parse(body, GoJson.Options);
        if (document.RootElement.ValueKind != JsonValueKind.Object)
        {
            throw new JsonException("the envelope is not an object");
        }

        foreach (var property in document.RootElement.EnumerateObject())
        {
            fields[GoJson.NameOf(property)] = GoJson.Marshal(property.Value, exactNumbers: true);
        }

        fields["pubsubname"] = GoJson.Marshal(source.PubSub);
        fields["topic"] = GoJson.Marshal(source.Topic);
        fields.TryAdd("source", GoJson.Marshal("Dapr"));
        fields.TryAdd("specversion", GoJson.Marshal("1.0"));
        fields.TryAdd("time", GoJson.Marshal(Rfc3339(time)));
        fields.TryAdd("type", GoJson.Marshal("com.dapr.event.sent"));
        if (fields.TryAdd("traceid", GoJson.Marshal(source.Trace.Parent)))
        {
            fields["traceparent"] = GoJson.Marshal(source.Trace.Parent);
        }

        fields.TryAdd("tracestate", GoJson.Marshal(source.Trace.State));
    }

    private static void Wrap(SortedDictionary<string, byte[]> fields, EventSource source, ReadOnlyMemory<byte> body, DateTimeOffset time, bool takesSubject)
    {
        var trace = Given("traceparent") ?? Given("traceid") ?? source.Trace.Parent;
        fields["datacontenttype"] = GoJson.Marshal(source.ContentType is "" ? "text/plain" : source.ContentType);
        fields["id"] = GoJson.Marshal(Given("id") ?? Guid.NewGuid().ToString());
        fields["pubsubname"] = GoJson.Marshal(source.PubSub);
        fields["source"] = GoJson.Marshal(Given("source") ?? source.Source);
        fields["specversion"] = GoJson.Marshal("1.0");
        fields["time"] = GoJson.Marshal(Rfc3339(time));
        fields["topic"] = GoJson.Marshal(source.Topic);
        fields["traceid"] = GoJson.Marshal(trace);
        fields["traceparent"] = GoJson.Marshal(trace);
        fields["tracestate"] = GoJson.Marshal(Given("tracestate") ?? source.Trace.State);
        fields["type"] = GoJson.Marshal(Given("type") ?? "com.dapr.event.sent");
        if (takesSubject && Given("subject") is { } subject)
        {
            fields["subject"] = GoJson.Marshal(subject);
        }

        if (IsType(source.ContentType, "application/octet-stream") || IsType(source.ContentType, "application/cloudevents+protobuf"))
        {
            fields["data_base64"] = GoJson.Marshal(Convert.ToBase64String(body.Span));
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
                using var document = JsonDocument.Parse(body, GoJson.Options);
                return GoJson.Marshal(document.RootElement, exactNumbers: true);
            }
            catch (JsonException)
            {
                return GoJson.Marshal(Encoding.UTF8.GetString(body.Span));
            }
        }

        return GoJson.Marshal(Encoding.UTF8.GetString(body.Span));
    }
}
