using System.Buffers.Binary;
using System.IO.Compression;
using FindMe.Faces;

namespace FindMe.Apps.Tests;

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("findme-test-").FullName;

    /// <summary>A folder that is gone when the tests end.</summary>
    public static TemporaryFolder UntilTheEnd()
    {
        var folder = new TemporaryFolder();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => folder.Dispose();
        return folder;
    }

    public string Folder(string name) => Directory.CreateDirectory(System.IO.Path.Combine(Path, name)).FullName;

    /// <summary>An album with copies of the demo photos.</summary>
    /// <param name="name">The album's name.</param>
    /// <param name="photos">How many; they repeat.</param>
    /// <param name="maxSide">Smaller photos are compared faster.</param>
    public string AlbumOfDemoPhotos(string name, int photos, int maxSide = 1920)
    {
        var album = Folder(name);
        var originals = Checkouts.DemoPhotos.Select(photo => PhotoRendering.ToJpeg(File.ReadAllBytes(photo), maxSide)).ToList();
        for (var i = 0; i < photos; i++)
        {
            File.WriteAllBytes(System.IO.Path.Combine(album, $"photo{i:000}.jpg"), originals[i % originals.Count]);
        }

        return album;
    }

    /// <summary>An album of small pictures without a face.</summary>
    public string AlbumOfBlankPictures(string name, int photos)
    {
        var album = Folder(name);
        for (var i = 0; i < photos; i++)
        {
            File.WriteAllBytes(System.IO.Path.Combine(album, $"blank{i:0000}.png"), BlankPng(8, 8));
        }

        return album;
    }

    /// <summary>A grey PNG.</summary>
    public static byte[] BlankPng(int width, int height)
    {
        using var png = new MemoryStream();
        png.Write([0x89, .. "PNG\r\n\u001a\n"u8]);
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        header[8] = 8;
        Chunk("IHDR"u8, header);
        using var pixels = new MemoryStream();
        using (var zlib = new ZLibStream(pixels, CompressionLevel.Fastest, leaveOpen: true))
        {
            var row = new byte[width + 1];
            row.AsSpan(1).Fill(128);
            for (var y = 0; y < height; y++)
            {
                zlib.Write(row);
            }
        }

        Chunk("IDAT"u8, pixels.ToArray());
        Chunk("IEND"u8, []);
        return png.ToArray();

        void Chunk(ReadOnlySpan<byte> type, byte[] data)
        {
            var number = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
            png.Write(number);
            byte[] body = [.. type, .. data];
            png.Write(body);
            BinaryPrimitives.WriteUInt32BigEndian(number, Crc32(body));
            png.Write(number);
        }
    }

    // The checksum of PNG's chunks: polynomial 0xEDB88320, reflected (PNG specification, annex D).
    private static uint Crc32(byte[] data)
    {
        var crc = uint.MaxValue;
        foreach (var value in data)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) == 0 ? crc >> 1 : (crc >> 1) ^ 0xEDB88320;
            }
        }

        return ~crc;
    }

    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (IOException)
        {
            // A process that was killed may still hold a file; the system clears its temporary folder.
        }
    }
}
