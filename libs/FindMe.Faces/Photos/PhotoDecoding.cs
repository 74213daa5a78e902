using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using NetVips;

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

    /// <summary>Encodes a photo as a JPEG for showing it.</summary>
    /// <param name="photo">The encoded file.</param>
    /// <param name="maxSide">Longest side of the result in pixels; a smaller photo keeps its size.</param>
    /// <param name="options">The limits.</param>
    /// <exception cref="PhotoException">It cannot be read.</exception>
    public static byte[] ToJpeg(ReadOnlyMemory<byte> photo, int maxSide, FaceEngineOptions options) =>
        Read(photo, options, (source, header) =>
        {
            using var upright = Open(source, header, maxSide, toSrgb: true);
            return upright.JpegsaveBuffer(q: 85, keep: Enums.ForeignKeep.None);
        }, CancellationToken.None);

    // The source outlives the image: pixels are decoded when they are written out.
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
                $"The photo has {photo.Length / 1e6:0.0} MB: up to {options.MaxPhotoBytes / 1e6:0.#} MB can be read.");
        }

        var large = false;
        try
        {
            var bytes = ArrayOf(photo);
            var header = ReadHeader(bytes, options);
            if (header.WholeBytes > LargeWholeBytes)
            {
                OneLarge.Wait(cancellationToken);
                large = true;
            }

            using var source = Source.NewFromMemory(bytes);
            return decode(source, header);
        }
        catch (VipsException)
        {
            throw new PhotoException(PhotoProblem.Damaged, "The photo is damaged or cut off: send it again, or another one.");
        }
        finally
        {
            if (large)
            {
                NativeHeap.Trim();
                OneLarge.Release();
            }
        }
    }

    private static byte[] ArrayOf(ReadOnlyMemory<byte> photo) =>
        MemoryMarshal.TryGetArray(photo, out var array) && array is { Array: { } bytes, Offset: 0 } && array.Count == bytes.Length ? bytes : photo.ToArray();

    private static Image Open(Source source, Header header, int maxSide, bool toSrgb)
    {
        // vips_thumbnail_source would do all of this, but goes on where the loader reports damage.
        var options = new VOption { { "access", Enums.Access.Sequential } };
        if (header.Format == PhotoFormat.Jpeg)
        {
            options.Add("shrink", ShrinkWhileLoading(Math.Max(header.Width, header.Height), maxSide));
        }

        using var loaded = Vips.Load(header.Format, source, options);
        using var thumbnail = loaded.ThumbnailImage(maxSide, height: maxSide, size: Enums.Size.Down, outputProfile: toSrgb ? "srgb" : null);

        // Transparent parts become white, as a page would show them.
        using var opaque = thumbnail.HasAlpha() ? thumbnail.Flatten(background: [255]) : null;
        return (opaque ?? thumbnail).Colourspace(Enums.Interpretation.Srgb);
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
    private static Header ReadHeader(byte[] photo, FaceEngineOptions options)
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
                $"The photo has {pixels / 1e6:0} megapixels in a form that cannot be decoded piece by piece: send it smaller, or as a plain JPEG.");
        }

        return Vips.SwapsSides(image)
            ? new Header(format, image.Height, image.Width, wholeBytes)
            : new Header(format, image.Width, image.Height, wholeBytes);
    }

    // Bytes a decoder holds at once, as measured where its documentation does not say; 0 where it goes row by row.
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

    /// <summary>What the first bytes say.</summary>
    /// <param name="Format">The format.</param>
    /// <param name="Width">Width of the full photo, upright, in pixels.</param>
    /// <param name="Height">Height of the full photo, upright, in pixels.</param>
    /// <param name="WholeBytes">Bytes that decoding holds at once; 0 where it goes row by row.</param>
    private readonly record struct Header(PhotoFormat Format, int Width, int Height, long WholeBytes);
}
