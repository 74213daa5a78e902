using System.Runtime.CompilerServices;

namespace FindMe.Faces;

/// <summary>Step 1: the bytes of a photo → its pixels, upright, red, green and blue, within bounds of size, memory and time.</summary>
internal static class PhotoDecoding
{
    // What decoding a photo that does not go row by row may take, in bytes: with it a worker stays below 1 GB.
    private const long MaxWholeBytes = 400_000_000;

    // Photos that take more than this are decoded one after another, whatever the number of threads.
    private const long LargeWholeBytes = 64_000_000;

    // Progressive JPEGs of cameras and encoders have about 10 scans; thousands of empty ones are a known way to burn time.
    private const long MaxScannedPixels = 1_000_000_000;

    private static readonly SemaphoreSlim OneLarge = new(1);

    /// <summary>Starts libvips, which the first photo would wait for otherwise.</summary>
    public static void Prepare() => RuntimeHelpers.RunClassConstructor(typeof(Vips).TypeHandle);

    /// <summary>Decodes a photo for the engine, in the colours it is stored in.</summary>
    /// <remarks>
    /// A colour profile is not applied: it shifts the tint of a face less than the light does, and a profile of tables can cost more
    /// than everything else.
    /// </remarks>
    /// <param name="photo">The encoded file.</param>
    /// <param name="maxSide">Longest side of the result in pixels; a smaller photo keeps its size.</param>
    /// <param name="options">The limits.</param>
    /// <param name="cancellationToken">Ends the wait for another large photo.</param>
    /// <exception cref="PhotoException">It cannot be read.</exception>
    public static Picture Decode(
        ReadOnlyMemory<byte> photo,
        int maxSide,
        FaceEngineOptions options,
        CancellationToken cancellationToken = default) =>
        Read(photo, options, header =>
        {
            using var upright = Open(photo.Span, header, maxSide, toSrgb: false);
            var picture = new Picture(upright.Width, upright.Height, header.Width, header.Height);
            using (Stages.Start("libvips"))
            {
                if (upright.TryWrite(picture.Pixels))
                {
                    return picture;
                }
            }

            picture.Dispose();
            throw Damaged();
        }, cancellationToken);

    /// <summary>Encodes a photo as a JPEG for showing it.</summary>
    /// <param name="photo">The encoded file.</param>
    /// <param name="maxSide">Longest side of the result in pixels; a smaller photo keeps its size.</param>
    /// <param name="options">The limits.</param>
    /// <exception cref="PhotoException">It cannot be read.</exception>
    public static byte[] ToJpeg(ReadOnlyMemory<byte> photo, int maxSide, FaceEngineOptions options) =>
        Read(photo, options, header =>
        {
            using var upright = Open(photo.Span, header, maxSide, toSrgb: true);
            using var save = new VipsOperation("jpegsave_buffer").Set("in", upright).Set("Q", 85).Set("keep", "none");
            return save.TrySave(out var jpeg) ? jpeg : throw Damaged();
        }, CancellationToken.None);

    // Pins the photo while libvips works on it: pixels are decoded when they are written out.
    private static T Read<T>(
        ReadOnlyMemory<byte> photo,
        FaceEngineOptions options,
        Func<Header, T> decode,
        CancellationToken cancellationToken)
    {
        if (photo.Length > options.MaxPhotoBytes)
        {
            throw new PhotoException(
                PhotoProblem.TooLarge,
                $"The photo has {photo.Length / 1e6:0.0} MB: up to {options.MaxPhotoBytes / 1e6:0.#} MB can be read.");
        }

        using var pinned = photo.Pin();
        var header = ReadHeader(photo.Span, options);
        if (header.WholeBytes <= LargeWholeBytes)
        {
            return decode(header);
        }

        OneLarge.Wait(cancellationToken);
        try
        {
            return decode(header);
        }
        finally
        {
            NativeHeap.Trim();
            OneLarge.Release();
        }
    }

    private static VipsImage Open(ReadOnlySpan<byte> photo, Header header, int maxSide, bool toSrgb)
    {
        // vips_thumbnail_buffer would do all of this, but goes on where the loader reports damage.
        using var load = new VipsOperation(PhotoFormats.LoaderOf(header.Format))
            .Set("buffer", photo)
            .Set("access", "sequential")
            .Set("fail_on", "error");
        if (header.Format == PhotoFormat.Jpeg)
        {
            load.Set("shrink", ShrinkWhileLoading(Math.Max(header.Width, header.Height), maxSide));
        }

        if (!load.TryRun(out var loaded))
        {
            throw Damaged();
        }

        var thumbnail = new VipsOperation("thumbnail_image")
            .Set("in", loaded)
            .Set("width", maxSide)
            .Set("height", maxSide)
            .Set("size", "down");
        if (toSrgb)
        {
            thumbnail.Set("output_profile", "srgb");
        }

        return ToRgb(Next(loaded, thumbnail));
    }

    // A JPEG decoder halves a picture up to three times by leaving out work.
    private static int ShrinkWhileLoading(int longSide, int maxSide) => (longSide / maxSide) switch
    {
        >= 8 => 8,
        >= 4 => 4,
        >= 2 => 2,
        _ => 1,
    };

    // Nothing of the picture's size is allocated before these checks have passed.
    private static Header ReadHeader(ReadOnlySpan<byte> photo, FaceEngineOptions options)
    {
        var format = PhotoFormats.Recognize(photo);
        using var load = new VipsOperation(PhotoFormats.LoaderOf(format)).Set("buffer", photo).Set("fail_on", "error");
        if (!load.TryRun(out var image))
        {
            throw Damaged();
        }

        using (image)
        {
            var pixels = (long)image.Width * image.Height;
            if (pixels > options.MaxPhotoPixels)
            {
                throw new PhotoException(
                    PhotoProblem.TooManyPixels,
                    $"The photo has {pixels / 1e6:0} megapixels ({image.Width} × {image.Height}): up to {options.MaxPhotoPixels / 1e6:0.##} can be read.");
            }

            var wholeBytes = CountWholeBytes(photo, format, image);
            if (wholeBytes > MaxWholeBytes)
            {
                throw new PhotoException(
                    PhotoProblem.TooManyPixels,
                    $"The photo has {pixels / 1e6:0} megapixels in a form that cannot be decoded piece by piece: send it smaller, or as a plain JPEG.");
            }

            return image.SwapsSides
                ? new Header(format, image.Height, image.Width, wholeBytes)
                : new Header(format, image.Width, image.Height, wholeBytes);
        }
    }

    // Bytes a decoder holds at once, as measured where its documentation does not say; 0 where it goes row by row.
    private static long CountWholeBytes(ReadOnlySpan<byte> photo, PhotoFormat format, VipsImage image)
    {
        var pixels = (long)image.Width * image.Height;
        switch (format)
        {
            case PhotoFormat.Jpeg:
                var structure = JpegStructure.Read(photo);
                return structure.Scans * pixels > MaxScannedPixels ? long.MaxValue : structure.CoefficientBytes;
            case PhotoFormat.Png:
                const int interlace = 28;
                return photo[interlace] == 0 ? 0 : image.ByteSize;
            case PhotoFormat.Gif:
                return 4 * pixels;
            case PhotoFormat.WebP:
                return 8 * pixels;
            case PhotoFormat.Avif:
                return 16 * pixels;
            default:
                return image.ByteSize;
        }
    }

    private static VipsImage ToRgb(VipsImage image)
    {
        // Transparent parts become white, as a page would show them.
        var opaque = image.HasAlpha ? Next(image, new VipsOperation("flatten").Set("in", image).Set("background", "255")) : image;
        return Next(opaque, new VipsOperation("colourspace").Set("in", opaque).Set("space", "srgb"));
    }

    private static VipsImage Next(VipsImage source, VipsOperation operation)
    {
        using (source)
        using (operation)
        {
            return operation.TryRun(out var image) ? image : throw Damaged();
        }
    }

    private static PhotoException Damaged() =>
        new(PhotoProblem.Damaged, "The photo is damaged or cut off: send it again, or another one.");

    /// <summary>What the first bytes say.</summary>
    /// <param name="Format">The format.</param>
    /// <param name="Width">Width of the full photo, upright, in pixels.</param>
    /// <param name="Height">Height of the full photo, upright, in pixels.</param>
    /// <param name="WholeBytes">Bytes that decoding holds at once; 0 where it goes row by row.</param>
    private readonly record struct Header(PhotoFormat Format, int Width, int Height, long WholeBytes);
}
