using NetVips;

namespace FindMe.Faces;

/// <summary>libvips, set up once for the photos of strangers.</summary>
internal static class Vips
{
    static Vips()
    {
        if (!ModuleInitializer.VipsInitialized)
        {
            throw new DllNotFoundException("libvips does not start.", ModuleInitializer.Exception);
        }

        // Its messages about broken photos would fill the app's error output; the photo's exception says enough.
        const Enums.LogLevelFlags warningsAndWorse =
            Enums.LogLevelFlags.Warning | Enums.LogLevelFlags.Critical | Enums.LogLevelFlags.FlagFatal | Enums.LogLevelFlags.FlagRecursion;
        Log.SetLogHandler("VIPS", warningsAndWorse, (_, _, _) => { });
        Log.SetLogHandler("GLib-GObject", warningsAndWorse, (_, _, _) => { });

        // One thread a photo: photos run in parallel. No photo comes twice, so nothing is cached.
        NetVips.NetVips.Concurrency = 1;
        (Cache.Max, Cache.MaxMem, Cache.MaxFiles) = (0, 0, 0);

        // Loaders that were not made for hostile input are off, and so is every format nobody asked for.
        NetVips.NetVips.BlockUntrusted = true;
        Operation.Block("VipsForeignLoad", true);
        foreach (var loader in PhotoFormats.Loaders)
        {
            Operation.Block(loader, false);
        }
    }

    /// <summary>Opens a photo: reads its header; its pixels are decoded when they are written out, and damage is an exception then.</summary>
    /// <param name="format">Its format.</param>
    /// <param name="source">The file; it must live as long as the image.</param>
    /// <param name="options">What else the loader is told.</param>
    /// <exception cref="VipsException">It is damaged.</exception>
    public static Image Load(PhotoFormat format, Source source, VOption? options = null)
    {
        options ??= [];
        options.Add("fail_on", Enums.FailOn.Error);
        return (Image)Operation.Call(PhotoFormats.LoaderOf(format), options, source);
    }

    /// <summary>An image of pixels that stay where they are.</summary>
    /// <param name="rgb"><c>[height, width, 3]</c>: red, green, blue.</param>
    /// <param name="width">Pixels across.</param>
    /// <param name="height">Pixels down.</param>
    public static Image FromRgb(byte[] rgb, int width, int height) => Image.NewFromMemory(rgb, width, height, Picture.Bands, Enums.BandFormat.Uchar);

    /// <summary>Computes the pixels of an image, row by row, bands side by side.</summary>
    /// <param name="image">The image, of bytes.</param>
    /// <param name="pixels">Gets <c>[height, width, bands]</c>; of the image's size exactly.</param>
    /// <exception cref="VipsException">The source is damaged, or has other bands than the pixels.</exception>
    public static unsafe void Write(Image image, Span<byte> pixels)
    {
        var memory = image.WriteToMemory(out var size);
        try
        {
            if (size != (ulong)pixels.Length)
            {
                throw new VipsException($"expected {pixels.Length} bytes of pixels, got {size}");
            }

            new ReadOnlySpan<byte>((void*)memory, pixels.Length).CopyTo(pixels);
        }
        finally
        {
            NetVips.NetVips.Free(memory);
        }
    }

    /// <summary>Bytes of all its pixels as libvips holds them.</summary>
    public static long SizeOf(Image image) => (long)image.Width * image.Height * image.Bands * image.Format switch
    {
        Enums.BandFormat.Uchar or Enums.BandFormat.Char => 1,
        Enums.BandFormat.Ushort or Enums.BandFormat.Short => 2,
        Enums.BandFormat.Uint or Enums.BandFormat.Int or Enums.BandFormat.Float => 4,
        Enums.BandFormat.Double or Enums.BandFormat.Complex => 8,
        _ => 16,
    };

    /// <summary>Whether EXIF says that width and height change places when it is turned upright.</summary>
    public static bool SwapsSides(Image image) => image.Contains("orientation") && image.Get("orientation") is int and >= 5 and <= 8;
}
