using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace FindMe.Sidecar;

/// <summary>Writes a state value as Dapr's Redis store does: nothing escaped for HTML, and numbers with six digits behind the point.</summary>
/// <remarks>Origin: components-contrib v1.18.4 state/redis/redis.go marshals with jsoniter.ConfigFastest, whose floats are lossy.</remarks>
internal static class RedisJson
{
    // Beyond it (jsoniter stream_float.go) a number is written in full.
    private const double LargestLossy = 0x4ffffff;
    private const double Precision = 1_000_000;

    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 1000 };

    /// <summary>Re-marshals a value.</summary>
    /// <exception cref="FormatException">A number does not fit a double.</exception>
    public static byte[] Marshal(JsonElement value)
    {
        var output = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(output, Relaxed))
        {
            Write(json, value);
        }

        return output.WrittenSpan.ToArray();
    }

    private static void Write(Utf8JsonWriter json, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                json.WriteStartObject();
                // The last of two fields with one name counts. Go's maps have no order; here they have that of the bytes.
                var fields = new SortedDictionary<string, JsonElement>(StringComparer.Ordinal);
                foreach (var field in value.EnumerateObject())
                {
                    fields[GoJson.NameOf(field)] = field.Value;
                }

                foreach (var (name, field) in fields)
                {
                    json.WritePropertyName(name);
                    Write(json, field);
                }

                json.WriteEndObject();
                break;
            case JsonValueKind.Array:
                json.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                {
                    Write(json, item);
                }

                json.WriteEndArray();
                break;
            case JsonValueKind.String:
                json.WriteStringValue(GoJson.TextOf(value));
                break;
            case JsonValueKind.Number when Math.Abs(value.GetDouble()) <= LargestLossy:
                // 0.123456789 becomes 0.123457.
                var rounded = Math.Floor((Math.Abs(value.GetDouble()) * Precision) + 0.5) / Precision;
                json.WriteRawValue((value.GetDouble() < 0 ? "-" : "") + rounded.ToString("0.######", CultureInfo.InvariantCulture));
                break;
            case JsonValueKind.Number:
                json.WriteRawValue(GoJson.Marshal(value, exactNumbers: false));
                break;
            default:
                value.WriteTo(json);
                break;
        }
    }
}
