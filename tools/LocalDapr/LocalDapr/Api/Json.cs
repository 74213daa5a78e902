using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace LocalDapr;

/// <summary>Reads and writes JSON as leniently as daprd: names without regard to case, and U+FFFD for whatever is not text.</summary>
internal static class Json
{
    /// <summary>daprd takes 10,000 levels; a thousand is far beyond any document of an app and safe on the stack.</summary>
    public static readonly JsonDocumentOptions Options = new() { MaxDepth = 1000 };

    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 1000 };

    /// <summary>Writes a value that was parsed.</summary>
    /// <param name="value">What was parsed.</param>
    /// <param name="exactNumbers">True keeps numbers as written; false passes them through a double, as daprd does with state values: integers beyond 2^53 lose their last digits.</param>
    /// <exception cref="FormatException">A number does not fit a double.</exception>
    public static byte[] Marshal(JsonElement value, bool exactNumbers) => Marshal(json => Write(json, value, exactNumbers));

    public static byte[] Marshal(string text) => Marshal(json => WriteText(json, text));

    /// <summary>Writes an object from fields already marshalled.</summary>
    public static byte[] MarshalObject(IEnumerable<KeyValuePair<string, byte[]>> fields) => Marshal(json =>
    {
        json.WriteStartObject();
        foreach (var (name, value) in fields)
        {
            json.WritePropertyName(Encoding.UTF8.GetBytes(name));
            json.WriteRawValue(value, skipInputValidation: true);
        }

        json.WriteEndObject();
    });

    /// <summary>The text of a string value, with U+FFFD for whatever is not text: halves of surrogate pairs, bytes that are not UTF-8.</summary>
    public static string TextOf(JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return Repaired(JsonMarshal.GetRawUtf8Value(value)[1..^1]);
        }
    }

    /// <summary>Finds a field as daprd does: without regard to case, the last one counts.</summary>
    public static JsonElement? Field(JsonElement value, string name)
    {
        JsonElement? found = null;
        foreach (var property in value.EnumerateObject())
        {
            if (string.Equals(NameOf(property), name, StringComparison.OrdinalIgnoreCase))
            {
                found = property.Value;
            }
        }

        return found;
    }

    public static string NameOf(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            return Repaired(JsonMarshal.GetRawUtf8PropertyName(property));
        }
    }

    private static byte[] Marshal(Action<Utf8JsonWriter> write)
    {
        var output = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(output, Relaxed))
        {
            write(json);
        }

        return output.WrittenSpan.ToArray();
    }

    private static void Write(Utf8JsonWriter json, JsonElement value, bool exactNumbers)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                json.WriteStartObject();
                foreach (var property in value.EnumerateObject())
                {
                    json.WritePropertyName(Encoding.UTF8.GetBytes(NameOf(property)));
                    Write(json, property.Value, exactNumbers);
                }

                json.WriteEndObject();
                break;
            case JsonValueKind.Array:
                json.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                {
                    Write(json, item, exactNumbers);
                }

                json.WriteEndArray();
                break;
            case JsonValueKind.String:
                WriteText(json, TextOf(value));
                break;
            case JsonValueKind.Number when !exactNumbers:
                json.WriteNumberValue(double.IsFinite(value.GetDouble()) ? value.GetDouble() : throw new FormatException("a number does not fit float64"));
                break;
            default:
                json.WriteRawValue(JsonMarshal.GetRawUtf8Value(value), skipInputValidation: true);
                break;
        }
    }

    // Encoding turns half a surrogate pair into U+FFFD.
    private static void WriteText(Utf8JsonWriter json, string text) => json.WriteStringValue(Encoding.UTF8.GetBytes(text));

    private static string Repaired(ReadOnlySpan<byte> raw)
    {
        var text = Encoding.UTF8.GetString(raw);
        var repaired = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                repaired.Append(text[i]);
                continue;
            }

            i++;
            switch (text[i])
            {
                case 'u':
                    repaired.Append((char)ushort.Parse(text.AsSpan(i + 1, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
                    i += 4;
                    break;
                case 'n':
                    repaired.Append('\n');
                    break;
                case 'r':
                    repaired.Append('\r');
                    break;
                case 't':
                    repaired.Append('\t');
                    break;
                case 'b':
                    repaired.Append('\b');
                    break;
                case 'f':
                    repaired.Append('\f');
                    break;
                default:
                    repaired.Append(text[i]);
                    break;
            }
        }

        // Encoding turns what is still half a surrogate pair into U+FFFD.
        return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(repaired.ToString()));
    }
}
