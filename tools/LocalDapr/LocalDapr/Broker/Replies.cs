using System.Text.Json;

namespace LocalDapr;

/// <summary>The result of sending an event to an app.</summary>
public enum Reply
{
    /// <summary>Acknowledged.</summary>
    Done,

    /// <summary>The app dropped it: it is dead-lettered, or discarded.</summary>
    Dropped,

    /// <summary>The app has no such route: discarded even if there is a dead-letter topic. Only with rules of daprd 1.16.</summary>
    Unknown,

    /// <summary>The app failed; a retry may succeed.</summary>
    Failed,

    /// <summary>The app did not respond within the resiliency timeout; a retry may succeed.</summary>
    TimedOut,

    /// <summary>Nothing listens on the replica's port: the app never received it.</summary>
    Unreachable,

    /// <summary>The connection broke while the app was handling it.</summary>
    Lost,
}

/// <summary>Interprets an app's HTTP response to an event.</summary>
internal static class Replies
{
    /// <summary>Interprets a response.</summary>
    /// <param name="status">The HTTP status.</param>
    /// <param name="body">The body; used only with a 2xx status.</param>
    /// <param name="notFound">The result of a 404.</param>
    public static DeliveryResult Of(int status, ReadOnlySpan<byte> body, Reply notFound)
    {
        var word = status is >= 200 and <= 299 ? WordOf(body) : null;
        var reply = status switch
        {
            404 => notFound,
            < 200 or > 299 => Reply.Failed,
            // A body that is not an object with a status string counts as success.
            _ => word switch { null or "" or "SUCCESS" => Reply.Done, "DROP" => Reply.Dropped, _ => Reply.Failed },
        };
        return new DeliveryResult(reply, status, word);
    }

    private static string? WordOf(ReadOnlySpan<byte> body)
    {
        try
        {
            // Go's decoder reads the first value and ignores the rest.
            var reader = new Utf8JsonReader(body, new JsonReaderOptions { AllowMultipleValues = true, MaxDepth = Json.Options.MaxDepth });
            return JsonSerializer.Deserialize<Body>(ref reader, Json.Options) is { Status.ValueKind: JsonValueKind.String } read ? read.Status.GetString() : null;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private sealed record Body(JsonElement Status);
}
