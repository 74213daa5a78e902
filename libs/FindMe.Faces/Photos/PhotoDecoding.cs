using System.Runtime.CompilerServices;
using NetVips;

namespace FindMe.Faces;

/// <summary>Step 1: encoded photo → upright RGB pixels, with limits on size, memory and time.</summary>
internal static class PhotoDecoding
{
    // Maximum bytes for a photo that cannot be decoded row by row; keeps a worker below 1 GB.
    private const long MaxWholeBytes = 400_000_000;

    // Photos that need more bytes than this are decoded one at a time, regardless of the number of threads.
    private const long LargeWholeBytes = 64_000_000;

    // Pixels × scans. Normal progressive JPEGs have about 10 scans; thousands of empty scans are a known denial-of-service attack.
    private const long MaxScannedPixels = 1_000_000_000;

    private static readonly SemaphoreSlim LargePhotoGate = new(1);

    /// <summary>Starts libvips now, so that the first photo does not wait for it.</summary>
    public static void Prepare() => RuntimeHelpers.RunClassConstructor(typeof(Vips).TypeHandle);

    /// <summary>Decodes a photo for the engine, without applying its colour profile.</summary>
    /// <remarks>
    /// A profile changes the colour of a face less than the lighting does, and applying one with lookup tables can take longer than all
    /// other steps.
    /// </remarks>
    /// <param name="photo">The encoded file.</param>
    /// <param name="maxSide">Longest side of the result in pixels; a smaller photo keeps its size.</param>
    /// <param name="options">The limits.</param>
    /// <param name="cancellationToken">Cancels the wait for another large photo.</param>
    /// <exception cref="PhotoException">The photo cannot be read.</exception>
    public static Picture Decode(
        ReadOnlyMemory<byte> photo,
        int maxSide,
        FaceEngineOptions options,
        CancellationToken cancellationToken = default) =>
        Read(photo, options, (source, header) =>
        {
            using var upright = Open(source, header, maxSide, toSrgb: false);
            var picture = new Picture(upright.Width, upright.Height, header.Width, header.Height);
            try
            {
                using var stage = Stages.Start("libvips");
                Vips.Write(upright, picture.Pixels);
                return picture;
            }
            catch
            {
                picture.Dispose();
                throw;
            }
        }, cancellationToken);

    /// <summary>Converts a photo to an sRGB JPEG without metadata, for display.</summary>
    /// <param name="photo">The encoded file.</param>
    /// <param name="maxSide">Longest side of the result in pixels; a smaller photo keeps its size.</param>
    /// <param name="options">The limits.</param>
    /// <exception cref="PhotoException">The photo cannot be read.</exception>
    public static byte[] ToJpeg(ReadOnlyMemory<byte> photo, int maxSide, FaceEngineOptions options) =>
        Read(photo, options, (source, header) =>
        {
            using var upright = Open(source, header, maxSide, toSrgb: true);
            return upright.JpegsaveBuffer(q: 85, keep: Enums.ForeignKeep.None);
        }, CancellationToken.None);

    // The source must outlive the image: libvips decodes lazily, when the pixels are written.
    private static T Read<T>(
        ReadOnlyMemory<byte> photo,
        FaceEngineOptions options,
        Func<Source, Header, T> decode,
        CancellationToken cancellationToken)
    {
        if (photo.Length > options.MaxPhotoBytes)
        {
            throw new PhotoException(
                PhotoProblem.TooLarge,
                $"The photo has {photo.Length / 1e6:0.0} MB; the limit is {options.MaxPhotoBytes / 1e6:0.#} MB.");
        }

        var large = false;
        try
        {
            var header = ReadHeader(photo.Span, options);
            if (header.WholeBytes > LargeWholeBytes)
            {
                LargePhotoGate.Wait(cancellationToken);
                large = true;
            }

            // Copied outside the collector's heap, from which a photo of 20 MB would go much later.
            using var source = Source.NewFromMemory(photo.Span);
            return decode(source, header);
        }
        catch (VipsException)
        {
            throw new PhotoException(PhotoProblem.Damaged, "The photo is damaged or truncated: send it again, or send another one.");
        }
        finally
        {
            if (large)
            {
                NativeHeap.Trim();
                LargePhotoGate.Release();
            }
        }
    }

    private static Image Open(Source source, Header header, int maxSide, bool toSrgb)
    {
        // Not vips_thumbnail_source, which does all of this: it ignores damage that the loader reports.
        var options = new VOption { { "access", Enums.Access.Sequential } };
        if (header.Format == PhotoFormat.Jpeg)
        {
            options.Add("shrink", ShrinkWhileLoading(Math.Max(header.Width, header.Height), maxSide));
        }

        using var loaded = Vips.Load(header.Format, source, options);
        using var thumbnail = loaded.ThumbnailImage(maxSide, height: maxSide, size: Enums.Size.Down, outputProfile: toSrgb ? "srgb" : null);

        // Transparent parts become white, as on a page.
        using var opaque = thumbnail.HasAlpha() ? thumbnail.Flatten(background: [255]) : null;
        return (opaque ?? thumbnail).Colourspace(Enums.Interpretation.Srgb);
    }

    // JPEG decoders can shrink by 2, 4 or 8 by skipping work.
    private static int ShrinkWhileLoading(int longSide, int maxSide) => (longSide / maxSide) switch
    {
        >= 8 => 8,
        >= 4 => 4,
        >= 2 => 2,
        _ => 1,
    };

    // Checks the limits before anything of the picture's size is allocated.
    private static Header ReadHeader(ReadOnlySpan<byte> photo, FaceEngineOptions options)
    {
        var format = PhotoFormats.Recognize(photo);
        using var source = Source.NewFromMemory(photo);
        using var image = Vips.Load(format, source);
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
                $"The photo has {pixels / 1e6:0} megapixels in a format that takes too much memory to decode: send a smaller photo or a baseline JPEG.");
        }

        return Vips.SwapsSides(image)
            ? new Header(format, image.Height, image.Width, wholeBytes)
            : new Header(format, image.Width, image.Height, wholeBytes);
    }

    // Bytes that the decoder holds at once, measured where undocumented; 0 if it decodes row by row.
    private static long CountWholeBytes(ReadOnlySpan<byte> photo, PhotoFormat format, Image image)
    {
        var pixels = (long)image.Width * image.Height;
        switch (format)
        {
            case PhotoFormat.Jpeg:
                var structure = JpegStructure.Read(photo);
                return structure.Scans * pixels > MaxScannedPixels ? long.MaxValue : structure.CoefficientBytes;
            case PhotoFormat.Png:
                const int interlace = 28;
                return photo[interlace] == 0 ? 0 : Vips.SizeOf(image);
            case PhotoFormat.Gif:
                return 4 * pixels;
            case PhotoFormat.WebP:
                return 8 * pixels;
            case PhotoFormat.Avif:
                return 16 * pixels;
            default:
                return Vips.SizeOf(image);
        }
    }

    /// <param name="Format">The format, by its magic bytes.</param>
    /// <param name="Width">Width of the upright full-size photo, in pixels.</param>
    /// <param name="Height">Height of the upright full-size photo, in pixels.</param>
    /// <param name="WholeBytes">Bytes that the decoder holds at once; 0 if it decodes row by row.</param>
    private readonly record struct Header(PhotoFormat Format, int Width, int Height, long WholeBytes);
}
