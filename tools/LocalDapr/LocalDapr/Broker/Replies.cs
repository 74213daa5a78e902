using System.Text.Json;

namespace LocalDapr;

/// <summary>What came of handing an event to an app.</summary>
public enum Reply
{
    /// <summary>Acknowledged.</summary>
    Done,

    /// <summary>The app wants no more of it: dead letter, or gone.</summary>
    Dropped,

    /// <summary>The app knows no such route: gone, also where there is a dead-letter topic. Only where rules say so.</summary>
    Unknown,

    /// <summary>Another try may succeed.</summary>
    Failed,

    /// <summary>The resiliency timeout passed; another try may succeed.</summary>
    TimedOut,

    /// <summary>Nothing listened on the replica's port: the app never saw it.</summary>
    Unreachable,

    /// <summary>The connection died while the app had it.</summary>
    Lost,
}

/// <summary>What an app's HTTP answer means.</summary>
internal static class Replies
{
    /// <summary>Reads an answer.</summary>
    /// <param name="status">The HTTP status.</param>
    /// <param name="body">The body; only that of a 2xx is looked at.</param>
    /// <param name="notFound">What a 404 means.</param>
    public static DeliveryResult Of(int status, ReadOnlySpan<byte> body, Reply notFound)
    {
        var word = status is >= 200 and <= 299 ? WordOf(body) : null;
        var reply = status switch
        {
            404 => notFound,
            < 200 or > 299 => Reply.Failed,
            // Whatever is not an object with a known or unknown word as its status counts as success.
            _ => word switch { null or "" or "SUCCESS" => Reply.Done, "DROP" => Reply.Dropped, _ => Reply.Failed },
        };
        return new DeliveryResult(reply, status, word);
    }

    private static string? WordOf(ReadOnlySpan<byte> body)
    {
        try
        {
            // Go's decoder reads the first value and leaves what follows.
            var reader = new Utf8JsonReader(body, new JsonReaderOptions { AllowMultipleValues = true, MaxDepth = Json.Options.MaxDepth });
            return JsonSerializer.Deserialize<Answer>(ref reader, Json.Options) is { Status.ValueKind: JsonValueKind.String } answer ? answer.Status.GetString() : null;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private sealed record Answer(JsonElement Status);
}
