using System.Text;

namespace FindMe.Apps.Tests.Fuzzing;

/// <summary>Makes an input that no sender would make from one that they do: always the same from the same seed.</summary>
internal static class Mutation
{
    private const int MaxLength = 1 << 16;

    private static readonly byte[] Edges = [0, 1, 0x7f, 0x80, 0xff, (byte)'"', (byte)'\\', (byte)'%', (byte)'/', (byte)'{', (byte)'[', (byte)'\n'];

    // What has broken parsers before: halves of surrogates, numbers that fit nothing, nesting, escapes, ways out of folders.
    private static readonly byte[][] Pieces =
    [
        .. new[]
        {
            "null", "true", "{}", "[]", "[null]", "[{}]", "\"\"", "0", "-0", "-1", "1e999", "-1e-999", "2147483648", "99999999999999999999", "1.5", "\"\\ud800\"", "\"\\udc00\\ud800\"",
            "\"\\u0000\"", "\"2026-13-45T99:99:99Z\"", "\"NaN\"", "{\"a\":{\"a\":{\"a\":null}}}", "\"schema\":2,", "\"schema\":-1,", "\"$type\":\"System.Object\",", "\"$ref\":\"#\",",
            "../", "..\\", "link.jpg", "up/secret.jpg", "/etc/passwd", "%2e%2e%2f", "%252e", "%00", "%zz", "%", "+", "?", "#", "://", "\0", "\r\n", "\t", "\ufeff", "\u2028", "é", "😀", "&a ", "*a", "!!binary ",
            "---\n", "? ", ": ", "- ", "|\n", "-", "1h", ".", "9999999h", "µs", "//", "||", "~", new string('A', 300), new string('9', 400), new string('/', 300),
        }.Select(Encoding.UTF8.GetBytes),
        [0xc0, 0xaf],
        [0xed, 0xa0, 0x80],
        [0xff, 0xd8, 0xff],
        [0xff, 0xff, 0xff, 0xff],
        [0x7f, 0xff, 0xff, 0xff],
        .. new[] { 40, 200, 2_000, 30_000 }.SelectMany(depth => new[] { Encoding.ASCII.GetBytes(new string('[', depth)), Nested(depth) }),
    ];

    /// <summary>The input of a seed.</summary>
    public static byte[] Of(IReadOnlyList<byte[]> samples, int seed)
    {
        // Neighbouring seeds of Random begin alike.
        var random = new Random(unchecked(seed * (int)2654435761));
        var input = samples[random.Next(samples.Count)];
        for (var changes = 1 + random.Next(6); changes > 0; changes--)
        {
            input = Change(input, samples, random);
        }

        return input.Length > MaxLength ? input[..MaxLength] : input;
    }

    private static byte[] Change(byte[] input, IReadOnlyList<byte[]> samples, Random random)
    {
        var at = random.Next(input.Length + 1);
        var length = Math.Min(input.Length - at, random.Next(4) == 0 ? random.Next(input.Length + 1) : random.Next(9));
        var inside = Math.Max(0, Math.Min(at, input.Length - 1));
        switch (random.Next(9))
        {
            case 0 when input.Length > 0:
                return Replace(input, inside, 1, [(byte)(input[inside] ^ (1 << random.Next(8)))]);
            case 1 when input.Length > 0:
                return Replace(input, inside, 1, [Edges[random.Next(Edges.Length)]]);
            case 2:
                var bytes = new byte[random.Next(9)];
                random.NextBytes(bytes);
                return Replace(input, at, random.Next(2) * length, bytes);
            case 3:
                return Replace(input, at, length, []);
            case 4:
                return Replace(input, at, 0, input.AsSpan(at, length));
            case 5:
                return input[..at];
            case 6:
                var other = samples[random.Next(samples.Count)];
                return [.. input.AsSpan(0, at), .. other.AsSpan(random.Next(other.Length + 1))];
            case 7:
                return ReplaceValue(input, at, Pieces[random.Next(Pieces.Length)]);
            default:
                return Replace(input, at, random.Next(2) * length, Pieces[random.Next(Pieces.Length)]);
        }
    }

    // A value of JSON or YAML: from the next colon to the next comma, bracket or line's end. Keeps the rest as it should be.
    private static byte[] ReplaceValue(byte[] input, int at, byte[] piece)
    {
        var colon = Array.IndexOf(input, (byte)':', at);
        if (colon < 0)
        {
            return Replace(input, at, 0, piece);
        }

        var end = input.AsSpan(colon + 1).IndexOfAny(",}]\n"u8);
        return Replace(input, colon + 1, end < 0 ? input.Length - colon - 1 : end, piece);
    }

    private static byte[] Replace(byte[] input, int at, int length, ReadOnlySpan<byte> piece) =>
        [.. input.AsSpan(0, at), .. piece, .. input.AsSpan(at + length)];

    private static byte[] Nested(int depth) =>
        Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("{\"a\":", depth)) + "1" + new string('}', depth));
}
