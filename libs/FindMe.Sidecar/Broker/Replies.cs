using System.Text.Json;

namespace FindMe.Sidecar;

/// <summary>What came of handing an event to an app.</summary>
internal enum Reply
{
    /// <summary>Acknowledged.</summary>
    Done,

    /// <summary>The app wants no more of it: dead letter, or gone.</summary>
    Dropped,

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
    public static Reply Of(int status, ReadOnlySpan<byte> body) => status switch
    {
        >= 200 and <= 299 => OfBody(body),
        404 => Reply.Dropped,
        _ => Reply.Failed,
    };

    // Whatever is not an object with a known or unknown word as its status counts as success.
    private static Reply OfBody(ReadOnlySpan<byte> body)
    {
        if (body.IsEmpty)
        {
            return Reply.Done;
        }

        try
        {
            // Go's decoder reads the first value and leaves what follows.
            var reader = new Utf8JsonReader(body, new JsonReaderOptions { AllowMultipleValues = true });
            using var document = JsonDocument.ParseValue(ref reader);
            if (document.RootElement.ValueKind != JsonValueKind.Object
                || GoJson.Field(document.RootElement, "status") is not { ValueKind: JsonValueKind.String } status)
            {
                return Reply.Done;
            }

            return GoJson.TextOf(status) switch
            {
                "" or "SUCCESS" => Reply.Done,
                "DROP" => Reply.Dropped,
                _ => Reply.Failed,
            };
        }
        catch (JsonException)
        {
            return Reply.Done;
        }
    }
}
