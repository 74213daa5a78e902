using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace LocalDapr;

/// <summary>Writes JSON the way daprd's encoder does, so that bytes seen here are the bytes seen there: keys sorted, &lt; &gt; &amp; escaped.</summary>
internal static class GoJson
{
    /// <summary>daprd takes 10,000 levels; a thousand is far beyond any document of ours and safe on the stack.</summary>
    public static readonly JsonDocumentOptions Options = new() { MaxDepth = 1000 };

    private static readonly SearchValues<char> Escaped = SearchValues.Create(
        [.. Enumerable.Range(0, 32).Select(code => (char)code), '"', '\\', '<', '>', '&', '\u2028', '\u2029']);

    /// <summary>Re-marshals a value.</summary>
    /// <param name="output">Where the UTF-8 goes.</param>
    /// <param name="value">What was parsed.</param>
    /// <param name="exactNumbers">True keeps numbers as written; false passes them through a double, as daprd does with state values: integers beyond 2^53 lose their last digits.</param>
    /// <exception cref="FormatException">A number does not fit a double.</exception>
    public static void WriteValue(IBufferWriter<byte> output, JsonElement value, bool exactNumbers)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                WriteObject(output, value, exactNumbers);
                break;
            case JsonValueKind.Array:
                WriteArray(output, value, exactNumbers);
                break;
            case JsonValueKind.String:
                WriteString(output, TextOf(value));
                break;
            case JsonValueKind.Number when !exactNumbers:
                WriteNumber(output, value.GetDouble());
                break;
            default:
                output.Write(JsonMarshal.GetRawUtf8Value(value));
                break;
        }
    }

    /// <summary>Re-marshals a value; see <see cref="WriteValue"/>.</summary>
    public static byte[] Marshal(JsonElement value, bool exactNumbers)
    {
        var output = new ArrayBufferWriter<byte>(256);
        WriteValue(output, value, exactNumbers);
        return output.WrittenSpan.ToArray();
    }

    public static byte[] Marshal(string text)
    {
        var output = new ArrayBufferWriter<byte>(text.Length + 16);
        WriteString(output, text);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Writes an object from fields already marshalled.</summary>
    public static byte[] MarshalObject(IEnumerable<KeyValuePair<string, byte[]>> fields)
    {
        var output = new ArrayBufferWriter<byte>(512);
        var separator = (byte)'{';
        foreach (var (name, value) in fields)
        {
            WriteByte(output, separator);
            WriteString(output, name);
            WriteByte(output, (byte)':');
            output.Write(value);
            separator = (byte)',';
        }

        output.Write(separator == (byte)'{' ? "{}"u8 : "}"u8);
        return output.WrittenSpan.ToArray();
    }

    public static void WriteString(IBufferWriter<byte> output, string text)
    {
        WriteByte(output, (byte)'"');
        var rest = text.AsSpan();
        for (var next = rest.IndexOfAny(Escaped); next >= 0; next = rest.IndexOfAny(Escaped))
        {
            Encoding.UTF8.GetBytes(rest[..next], output);
            WriteEscape(output, rest[next]);
            rest = rest[(next + 1)..];
        }

        Encoding.UTF8.GetBytes(rest, output);
        WriteByte(output, (byte)'"');
    }

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

    private static void WriteObject(IBufferWriter<byte> output, JsonElement value, bool exactNumbers)
    {
        var fields = new SortedDictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var property in value.EnumerateObject())
        {
            fields[NameOf(property)] = property.Value;
        }

        var separator = (byte)'{';
        foreach (var (name, field) in fields)
        {
            WriteByte(output, separator);
            WriteString(output, name);
            WriteByte(output, (byte)':');
            WriteValue(output, field, exactNumbers);
            separator = (byte)',';
        }

        output.Write(separator == (byte)'{' ? "{}"u8 : "}"u8);
    }

    private static void WriteArray(IBufferWriter<byte> output, JsonElement value, bool exactNumbers)
    {
        var separator = (byte)'[';
        foreach (var item in value.EnumerateArray())
        {
            WriteByte(output, separator);
            WriteValue(output, item, exactNumbers);
            separator = (byte)',';
        }

        output.Write(separator == (byte)'[' ? "[]"u8 : "]"u8);
    }

    // Shortest digits that read back as the same double; exponents only below 1e-6 and from 1e21 on, as encoding/json has it.
    private static void WriteNumber(IBufferWriter<byte> output, double number)
    {
        if (!double.IsFinite(number))
        {
            throw new FormatException("a number does not fit float64");
        }

        var size = Math.Abs(number);
        var text = number.ToString("R", CultureInfo.InvariantCulture);
        var exponentAt = text.IndexOf('E', StringComparison.Ordinal);
        if (exponentAt >= 0)
        {
            var exponent = int.Parse(text.AsSpan(exponentAt + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
            var mantissa = text[..exponentAt];
            text = size is not 0 and (< 1e-6 or >= 1e21)
                ? $"{mantissa}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent)}"
                : Plain(mantissa, exponent);
        }

        Encoding.UTF8.GetBytes(text, output);
    }

    private static string Plain(string mantissa, int exponent)
    {
        var sign = mantissa[0] == '-' ? "-" : "";
        var digits = mantissa.TrimStart('-').Replace(".", "", StringComparison.Ordinal);
        return exponent < 0
            ? sign + "0." + new string('0', -exponent - 1) + digits
            : sign + digits.PadRight(exponent + 1, '0');
    }

    private static void WriteEscape(IBufferWriter<byte> output, char letter)
    {
        var escape = letter switch
        {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\b' => "\\b",
            '\f' => "\\f",
            _ => $"\\u{(int)letter:x4}",
        };
        Encoding.UTF8.GetBytes(escape, output);
    }

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

    private static void WriteByte(IBufferWriter<byte> output, byte value)
    {
        output.GetSpan(1)[0] = value;
        output.Advance(1);
    }
}
