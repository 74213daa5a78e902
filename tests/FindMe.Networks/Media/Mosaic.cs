using System.Buffers.Binary;
using System.IO.Compression;

namespace FindMe.Networks.Media;

/// <summary>Pictures of 8×8 coloured squares, another for each number: no two alike, and no face on any.</summary>
internal static class Mosaic
{
    /// <summary>Width and height, in pixels: above the smallest that FindMe looks at, and quickly made.</summary>
    public const int Side = 96;

    private const int Squares = 8;

    public static byte[] Png(int number)
    {
        // The same number gives the same picture: a search that is repeated finds it again.
        var random = new Random(number);
        var colours = new byte[Squares * Squares * 3];
        random.NextBytes(colours);
        var rows = new byte[Side * ((Side * 3) + 1)];
        for (var y = 0; y < Side; y++)
        {
            for (var x = 0; x < Side; x++)
            {
                var colour = ((y * Squares / Side * Squares) + (x * Squares / Side)) * 3;
                colours.AsSpan(colour, 3).CopyTo(rows.AsSpan((y * ((Side * 3) + 1)) + 1 + (x * 3)));
            }
        }

        using var pixels = new MemoryStream();
        using (var zlib = new ZLibStream(pixels, CompressionLevel.Fastest, leaveOpen: true))
        {
            zlib.Write(rows);
        }

        // Width, height, 8 bits a channel, RGB.
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, Side);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), Side);
        (header[8], header[9]) = (8, 2);
        return [0x89, .. "PNG\r\n\u001a\n"u8, .. Chunk("IHDR"u8, header), .. Chunk("IDAT"u8, pixels.ToArray()), .. Chunk("IEND"u8, [])];
    }

    private static byte[] Chunk(ReadOnlySpan<byte> type, byte[] data)
    {
        byte[] body = [.. type, .. data];
        var chunk = new byte[body.Length + 8];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        body.CopyTo(chunk, 4);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(chunk.Length - 4), Crc(body));
        return chunk;
    }

    // The checksum of PNG's chunks: polynomial 0xEDB88320, reflected (PNG specification, annex D).
    private static uint Crc(byte[] data)
    {
        var crc = uint.MaxValue;
        foreach (var value in data)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) * 0xedb88320);
            }
        }

        return ~crc;
    }
}
