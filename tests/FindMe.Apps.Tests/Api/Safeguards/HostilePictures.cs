using System.Buffers.Binary;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats.Gif;
using SixLabors.ImageSharp.PixelFormats;

namespace FindMe.Apps.Tests.Api;

/// <summary>Small files that would like to be large.</summary>
internal static class HostilePictures
{
    /// <summary>A GIF of one pixel and many frames.</summary>
    public static byte[] GifOfManyFrames(int frames)
    {
        using var picture = new Image<Rgb24>(1, 1);
        for (var frame = 1; frame < frames; frame++)
        {
            picture.Frames.CreateFrame();
        }

        using var gif = new MemoryStream();
        picture.SaveAsGif(gif, new GifEncoder { ColorTableMode = GifColorTableMode.Global });
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
