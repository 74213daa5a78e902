using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Unicode;

namespace FindMe.Vision;

/// <summary>Reads a body that must be a JSON object with valid text throughout.</summary>
internal static class RequestJson
{
    private const string UnicodeEscape = "\\u";
    private const int UnitDigits = 4;

    /// <summary>Reads the body.</summary>
    /// <returns>The object; the caller disposes it.</returns>
    /// <exception cref="RequestException">The body is not a JSON object, or contains invalid text.</exception>
    public static async Task<JsonDocument> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        JsonDocument json;
        try
        {
            json = await JsonDocument.ParseAsync(request.Body, cancellationToken: cancellationToken);
        }
        catch (JsonException)
        {
            throw Bad("The body is not valid JSON.", "Send a JSON object, or the picture itself with its own content type.");
        }

        if (json.RootElement.ValueKind == JsonValueKind.Object && IsText(JsonMarshal.GetRawUtf8Value(json.RootElement)))
        {
            return json;
        }

        var isObject = json.RootElement.ValueKind == JsonValueKind.Object;
        json.Dispose();
        throw isObject
            ? Bad("The JSON contains invalid text: invalid UTF-8, or half of a surrogate pair.", "Send UTF-8, and both halves of each pair (RFC 8259, 8.2).")
            : Bad("The body is not a JSON object.", "Send an object with the picture as base64.");
    }

    // The parser accepts invalid text, but throws later when the value or name that contains it is read: reject such a body here.
    private static bool IsText(ReadOnlySpan<byte> json)
    {
        if (!Utf8.IsValid(json))
        {
            return false;
        }

        // Backslashes occur in strings only, and each begins an escape.
        while (json.IndexOf((byte)'\\') is >= 0 and var at)
        {
            json = json[at..];
            var isSurrogate = char.IsSurrogate(UnitOf(json));
            if (isSurrogate && !(char.IsHighSurrogate(UnitOf(json)) && char.IsLowSurrogate(UnitOf(json[(UnicodeEscape.Length + UnitDigits)..]))))
            {
                return false;
            }

            json = json[(isSurrogate ? (2 * UnicodeEscape.Length) + UnitDigits : UnicodeEscape.Length)..];
        }

        return true;
    }

    // The UTF-16 code unit of a \uXXXX escape; 0 for other escapes.
    private static char UnitOf(ReadOnlySpan<byte> escape) =>
        escape is [(byte)'\\', (byte)'u', ..]
        && ushort.TryParse(escape.Slice(UnicodeEscape.Length, UnitDigits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit)
            ? (char)unit
            : '\0';

    private static RequestException Bad(string title, string detail) => new(400, "bad-json", title, detail);
}
