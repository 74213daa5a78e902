using NetVips;

namespace FindMe.Faces;

/// <summary>Configures libvips for untrusted photos, and wraps the operations the engine uses.</summary>
internal static class Vips
{
    static Vips()
    {
        if (!ModuleInitializer.VipsInitialized)
        {
            throw new DllNotFoundException("Failed to start libvips.", ModuleInitializer.Exception);
        }

        // libvips' warnings about damaged photos would flood stderr; the PhotoException reports the damage.
        const Enums.LogLevelFlags warningsAndWorse =
            Enums.LogLevelFlags.Warning | Enums.LogLevelFlags.Critical | Enums.LogLevelFlags.FlagFatal | Enums.LogLevelFlags.FlagRecursion;
        Log.SetLogHandler("VIPS", warningsAndWorse, (_, _, _) => { });
        Log.SetLogHandler("GLib-GObject", warningsAndWorse, (_, _, _) => { });

        // One thread per photo, since photos are processed in parallel. No cache, since photos do not repeat.
        NetVips.NetVips.Concurrency = 1;
        (Cache.Max, Cache.MaxMem, Cache.MaxFiles) = (0, 0, 0);

        // Block loaders that are unsafe for untrusted input, and all formats except the supported ones.
        NetVips.NetVips.BlockUntrusted = true;
        Operation.Block("VipsForeignLoad", true);
        foreach (var loader in PhotoFormats.Loaders)
        {
            Operation.Block(loader, false);
        }
    }

    /// <summary>Reads the header of a photo. Its pixels are decoded lazily by <see cref="Write"/>, which then reports damage.</summary>
    /// <param name="format">The format of the photo.</param>
    /// <param name="source">The encoded photo; must outlive the image.</param>
    /// <param name="options">Further options of the loader.</param>
    /// <exception cref="VipsException">The header is damaged.</exception>
    public static Image Load(PhotoFormat format, Source source, VOption? options = null)
    {
        options ??= [];
        options.Add("fail_on", Enums.FailOn.Error);
        return (Image)Operation.Call(PhotoFormats.LoaderOf(format), options, source);
    }

    /// <summary>Wraps pixels in an image without copying them.</summary>
    /// <param name="rgb"><c>[height, width, 3]</c>: red, green, blue.</param>
    /// <param name="width">Width in pixels.</param>
    /// <param name="height">Height in pixels.</param>
    public static Image FromRgb(byte[] rgb, int width, int height) => Image.NewFromMemory(rgb, width, height, Picture.Bands, Enums.BandFormat.Uchar);

    /// <summary>Computes the pixels of an image of bytes.</summary>
    /// <param name="image">The image.</param>
    /// <param name="pixels">Receives <c>[height, width, bands]</c>; must have exactly the image's size.</param>
    /// <exception cref="VipsException">The source is damaged, or the number of bands differs.</exception>
    public static unsafe void Write(Image image, Span<byte> pixels)
    {
        if (SizeOf(image) != pixels.Length)
        {
            throw new VipsException($"expected {pixels.Length} bytes of pixels, got {SizeOf(image)}");
        }

        // Not WriteToMemory, which would map new memory for each photo, and whose result we would copy.
        fixed (byte* memory = pixels)
        {
            using var target = Image.NewFromMemory((nint)memory, (ulong)pixels.Length, image.Width, image.Height, image.Bands, image.Format);
            image.Write(target);
        }
    }

    /// <summary>Returns the bytes that libvips needs for all pixels of an image.</summary>
    public static long SizeOf(Image image) => (long)image.Width * image.Height * image.Bands * image.Format switch
    {
        Enums.BandFormat.Uchar or Enums.BandFormat.Char => 1,
        Enums.BandFormat.Ushort or Enums.BandFormat.Short => 2,
        Enums.BandFormat.Uint or Enums.BandFormat.Int or Enums.BandFormat.Float => 4,
        Enums.BandFormat.Double or Enums.BandFormat.Complex => 8,
        _ => 16,
    };

    /// <summary>Whether the EXIF orientation swaps width and height.</summary>
    public static bool SwapsSides(Image image) => image.Contains("orientation") && image.Get("orientation") is int and >= 5 and <= 8;
}
