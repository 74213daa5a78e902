using System.Text;

namespace LocalDapr;

/// <summary>The segments of a request target as daprd's router sees them: cleaned while still escaped, unescaped one by one.</summary>
internal static class RequestPath
{
    /// <summary>Splits a raw target, its query left out, into escaped segments; empty ones, <c>.</c> and <c>..</c> resolved.</summary>
    public static List<string> SegmentsOf(string rawTarget)
    {
        var path = rawTarget.AsSpan();
        var query = path.IndexOfAny('?', '#');
        path = query < 0 ? path : path[..query];
        if (path.IndexOf("://", StringComparison.Ordinal) is > 0 and var scheme)
        {
            // Absolute form, as a proxy's client sends it.
            var slash = path[(scheme + 3)..].IndexOf('/');
            path = slash < 0 ? default : path[(scheme + 3 + slash)..];
        }

        var segments = new List<string>(6);
        foreach (var range in path.Split('/'))
        {
            var segment = path[range];
            if (segment is "..")
            {
                segments.RemoveRange(Math.Max(0, segments.Count - 1), Math.Min(1, segments.Count));
            }
            else if (segment is not ("" or "."))
            {
                segments.Add(segment.ToString());
            }
        }

        return segments;
    }

    /// <summary>Go's <c>url.QueryUnescape</c>: one round of percent-decoding, and <c>+</c> is a space, also in a path.</summary>
    /// <exception cref="FormatException">A percent sign is not followed by two hexadecimal digits.</exception>
    public static string Unescape(string segment)
    {
        if (!segment.AsSpan().ContainsAny('%', '+'))
        {
            return segment;
        }

        var bytes = new byte[Encoding.UTF8.GetMaxByteCount(segment.Length)];
        var length = 0;
        for (var i = 0; i < segment.Length; i++)
        {
            if (segment[i] == '%')
            {
                if (i + 2 >= segment.Length || !char.IsAsciiHexDigit(segment[i + 1]) || !char.IsAsciiHexDigit(segment[i + 2]))
                {
                    throw new FormatException($"invalid URL escape \"{segment.AsSpan(i, Math.Min(3, segment.Length - i))}\"");
                }

                bytes[length++] = Convert.FromHexString(segment.AsSpan(i + 1, 2))[0];
                i += 2;
            }
            else
            {
                // A raw target holds ASCII; anything else came as Latin-1 bytes and is passed on as such.
                bytes[length++] = segment[i] == '+' ? (byte)' ' : (byte)segment[i];
            }
        }

        return Encoding.UTF8.GetString(bytes.AsSpan(0, length));
    }
}
