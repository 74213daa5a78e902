using System.Buffers.Binary;

namespace FindMe.Apps.Tests.Security;

/// <summary>Small files that would like to be large.</summary>
internal static class HostilePictures
{
    /// <summary>A GIF of one pixel and many frames, 21 bytes each.</summary>
    public static byte[] GifOfManyFrames(int frames)
    {
        using var gif = new MemoryStream();
        gif.Write([.. "GIF89a"u8, 1, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255]);
        for (var frame = 0; frame < frames; frame++)
        {
            // A graphic control extension, an image descriptor, and the one pixel in LZW.
            gif.Write([0x21, 0xf9, 4, 0, 1, 0, 0, 0, 0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x4c, 1, 0]);
        }

        gif.WriteByte(0x3b);
        return gif.ToArray();
    }

    /// <summary>A PNG whose header says another size; its checksum is no longer right, which decoders differ about.</summary>
    public static byte[] WithClaimedSize(byte[] png, int width, int height)
    {
        byte[] changed = [.. png];
        BinaryPrimitives.WriteInt32BigEndian(changed.AsSpan(16), width);
        BinaryPrimitives.WriteInt32BigEndian(changed.AsSpan(20), height);
        return changed;
    }
}
