using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace LocalDapr;

/// <summary>The <c>metadata.*</c> pairs of a request and the words Dapr knows in them.</summary>
internal static class Metadata
{
    private const string Prefix = "metadata.";

    /// <summary>The pairs of a query string: the first value of each key, the key's case kept.</summary>
    public static Dictionary<string, string> Of(HttpRequest request)
    {
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        if (!request.QueryString.HasValue)
        {
            return metadata;
        }

        foreach (var pair in new QueryStringEnumerable(request.QueryString.Value))
        {
            var name = pair.DecodeName().ToString();
            if (name.StartsWith(Prefix, StringComparison.Ordinal))
            {
                metadata.TryAdd(name[Prefix.Length..], pair.DecodeValue().ToString());
            }
        }

        return metadata;
    }

    /// <summary>Finds a word without regard to case.</summary>
    public static string? Find(IReadOnlyDictionary<string, string> metadata, string name)
    {
        if (metadata.TryGetValue(name, out var exact))
        {
            return exact;
        }

        foreach (var (key, value) in metadata)
        {
            if (string.Equals(key, name, StringComparison.OrdinalIgnoreCase))
            {
                return value;
            }
        }

        return null;
    }

    /// <summary>Reads <c>rawPayload</c>.</summary>
    /// <exception cref="FormatException">It is not a boolean as Go reads one.</exception>
    public static bool IsRaw(IReadOnlyDictionary<string, string> metadata) => Find(metadata, "rawPayload") switch
    {
        null => false,
        "1" or "t" or "T" or "true" or "TRUE" or "True" => true,
        "0" or "f" or "F" or "false" or "FALSE" or "False" => false,
        var other => throw new FormatException($"rawPayload value must be a valid boolean: actual is '{other}'"),
    };

    /// <summary>How long an event lives: <c>ttlInSeconds</c> or <c>ttl</c>, seconds or a Go duration; null for ever, or when it makes no sense.</summary>
    public static TimeSpan? TimeToLive(IReadOnlyDictionary<string, string> metadata)
    {
        var text = Find(metadata, "ttlInSeconds") ?? Find(metadata, "ttl");
        TimeSpan? timeToLive = long.TryParse(text, out var seconds) && seconds <= int.MaxValue
            ? TimeSpan.FromSeconds(seconds)
            : text is not null && GoDuration.TryParse(text, out var duration) ? duration : null;
        return timeToLive > TimeSpan.Zero ? timeToLive : null;
    }

    public static string? Marshal(IReadOnlyDictionary<string, string> metadata)
    {
        if (metadata.Count == 0)
        {
            return null;
        }

        var output = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        foreach (var (name, value) in metadata)
        {
            json.WriteString(name, value);
        }

        json.WriteEndObject();
        json.Flush();
        return System.Text.Encoding.UTF8.GetString(output.WrittenSpan);
    }

    public static IEnumerable<KeyValuePair<string, string>> Unmarshal(string? metadata) =>
        metadata is null ? [] : JsonSerializer.Deserialize<Dictionary<string, string>>(metadata) ?? [];
}
