using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace LocalDapr;

/// <summary>Reads the metadata of requests.</summary>
internal static class Metadata
{
    private const string Prefix = "metadata.";

    /// <summary>Returns the <c>metadata.*</c> pairs of the query string: the first value of each key.</summary>
    public static Dictionary<string, string> Of(HttpRequest request) => request.Query
        .Where(pair => pair.Key.StartsWith(Prefix, StringComparison.Ordinal))
        .ToDictionary(pair => pair.Key[Prefix.Length..], pair => pair.Value[0] ?? "", StringComparer.Ordinal);

    /// <summary>Finds a value by its name, exact match first, then ignoring case.</summary>
    public static string? Find(IReadOnlyDictionary<string, string> metadata, string name) => metadata.TryGetValue(name, out var exact)
        ? exact
        : metadata.Where(pair => string.Equals(pair.Key, name, StringComparison.OrdinalIgnoreCase)).Select(pair => pair.Value).FirstOrDefault();

    /// <summary>Reads <c>rawPayload</c>, which defaults to false; null when it is not a Go boolean.</summary>
    public static bool? IsRaw(IReadOnlyDictionary<string, string> metadata) => Find(metadata, "rawPayload") switch
    {
        null or "0" or "f" or "F" or "false" or "FALSE" or "False" => false,
        "1" or "t" or "T" or "true" or "TRUE" or "True" => true,
        _ => null,
    };

    /// <summary>Reads an event's time to live from <c>ttlInSeconds</c> or <c>ttl</c>, in seconds or as a Go duration; null for none or an invalid one.</summary>
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
