using System.Buffers.Binary;
using System.IO.Compression;

namespace FindMe.Faces.Tests;

/// <summary>Pictures made on the spot.</summary>
internal static class TestPictures
{
    /// <summary>A grey PNG; one that only claims its size has no rows.</summary>
    public static byte[] Png(int width, int height, bool rows = true)
    {
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        header[8] = 8;
        using var compressed = new MemoryStream();
        using (var zlib = new ZLibStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            zlib.Write(new byte[rows ? (width + 1) * height : 1]);
        }

        using var png = new MemoryStream();
        png.Write([0x89, .. "PNG\r\n\u001a\n"u8]);
        Write(png, "IHDR"u8, header);
        Write(png, "IDAT"u8, compressed.ToArray());
        Write(png, "IEND"u8, []);
        return png.ToArray();
    }

    /// <summary>A photo after one libvips operation, as a JPEG.</summary>
    public static byte[] Edit(byte[] photo, string operation, params (string Argument, string Value)[] arguments)
    {
        using var pinned = photo.AsMemory().Pin();
        using var source = Load(photo);
        using var edit = new VipsOperation(operation).Set(operation == "extract_area" ? "input" : "in", source);
        foreach (var (argument, value) in arguments)
        {
            edit.Set(argument, value);
        }

        Assert.True(edit.TryRun(out var image));
        using var edited = image;
        return Save(edited, interlace: false);
    }

    /// <summary>The photo saved again as a JPEG of another quality, 1 to 100.</summary>
    public static byte[] Reencode(byte[] photo, int quality)
    {
        using var pinned = photo.AsMemory().Pin();
        using var source = Load(photo);
        return Save(source, interlace: false, quality);
    }

    /// <summary>The photo as a progressive JPEG.</summary>
    public static byte[] Progressive(byte[] photo)
    {
        using var pinned = photo.AsMemory().Pin();
        using var source = Load(photo);
        return Save(source, interlace: true);
    }

    private static VipsImage Load(byte[] photo)
    {
        using var load = new VipsOperation("jpegload_buffer").Set("buffer", photo);
        Assert.True(load.TryRun(out var image));
        return image;
    }

    private static byte[] Save(VipsImage image, bool interlace, int quality = 75)
    {
        using var save = new VipsOperation("jpegsave_buffer").Set("in", image).Set("Q", quality).Set("interlace", interlace ? "true" : "false");
        Assert.True(save.TrySave(out var jpeg));
        return jpeg;
    }

    private static void Write(MemoryStream png, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        byte[] chunk = [.. type, .. data];
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        png.Write(number);
        png.Write(chunk);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc(chunk));
        png.Write(number);
    }

    private static uint Crc(ReadOnlySpan<byte> data)
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
