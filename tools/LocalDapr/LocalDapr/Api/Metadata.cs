using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace LocalDapr;

/// <summary>The <c>metadata.*</c> pairs of a request and the words Dapr knows in them.</summary>
internal static class Metadata
{
    private const string Prefix = "metadata.";

    /// <summary>The pairs of a query string: the first value of each key, the key's case kept.</summary>
    public static Dictionary<string, string> Of(HttpRequest request) => request.Query
        .Where(pair => pair.Key.StartsWith(Prefix, StringComparison.Ordinal))
        .ToDictionary(pair => pair.Key[Prefix.Length..], pair => pair.Value[0] ?? "", StringComparer.Ordinal);

    /// <summary>Finds a word without regard to case.</summary>
    public static string? Find(IReadOnlyDictionary<string, string> metadata, string name) => metadata.TryGetValue(name, out var exact)
        ? exact
        : metadata.Where(pair => string.Equals(pair.Key, name, StringComparison.OrdinalIgnoreCase)).Select(pair => pair.Value).FirstOrDefault();

    /// <summary>Reads <c>rawPayload</c>; null where it is not a boolean as Go reads one.</summary>
    public static bool? IsRaw(IReadOnlyDictionary<string, string> metadata) => Find(metadata, "rawPayload") switch
    {
        null or "0" or "f" or "F" or "false" or "FALSE" or "False" => false,
        "1" or "t" or "T" or "true" or "TRUE" or "True" => true,
        _ => null,
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

    public static string? Marshal(IReadOnlyDictionary<string, string> metadata) => metadata.Count == 0 ? null : JsonSerializer.Serialize(metadata);

    public static IEnumerable<KeyValuePair<string, string>> Unmarshal(string? metadata) =>
        metadata is null ? [] : JsonSerializer.Deserialize<Dictionary<string, string>>(metadata) ?? [];
}
