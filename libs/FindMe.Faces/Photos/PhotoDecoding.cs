namespace FindMe.Faces;

/// <summary>Step 1: the bytes of a photo → its pixels, upright, red, green and blue, within bounds of size, memory and time.</summary>
internal static class PhotoDecoding
{
    // What a photo that cannot be decoded row by row may take, so that a worker stays below 1 GB.
    private const long MaxWholeBytes = 300_000_000;

    // Progressive JPEGs of cameras and encoders have about 10 scans; thousands of empty ones are a known way to burn time.
    private const long MaxScannedPixels = 1_000_000_000;

    /// <summary>Decodes a photo for the engine, in the colours it is stored in.</summary>
    /// <remarks>
    /// A colour profile is not applied: it shifts the tint of a face less than the light does, and a profile of tables can cost more
    /// than everything else.
    /// </remarks>
    /// <param name="photo">The encoded file.</param>
    /// <param name="maxSide">Longest side of the result in pixels; a smaller photo keeps its size.</param>
    /// <param name="options">The limits.</param>
    /// <exception cref="PhotoException">It cannot be read.</exception>
    public static Picture Decode(ReadOnlyMemory<byte> photo, int maxSide, FaceEngineOptions options)
    {
        using var pinned = photo.Pin();
        using var upright = Open(photo.Span, maxSide, toSrgb: false, options, out var fullWidth, out var fullHeight);
        var picture = new Picture(upright.Width, upright.Height, fullWidth, fullHeight);
        if (upright.TryWrite(picture.Pixels))
        {
            return picture;
        }

        picture.Dispose();
        throw Damaged();
    }

    /// <summary>Encodes a photo as a JPEG for showing it.</summary>
    /// <param name="photo">The encoded file.</param>
    /// <param name="maxSide">Longest side of the result in pixels; a smaller photo keeps its size.</param>
    /// <param name="options">The limits.</param>
    /// <exception cref="PhotoException">It cannot be read.</exception>
    public static byte[] ToJpeg(ReadOnlyMemory<byte> photo, int maxSide, FaceEngineOptions options)
    {
        using var pinned = photo.Pin();
        using var upright = Open(photo.Span, maxSide, toSrgb: true, options, out _, out _);
        using var save = new VipsOperation("jpegsave_buffer").Set("in", upright).Set("Q", 85).Set("keep", "none");
        return save.TrySave(out var jpeg) ? jpeg : throw Damaged();
    }

    // The photo must stay pinned for as long as the image lives: its pixels are decoded when they are written out.
    private static VipsImage Open(
        ReadOnlySpan<byte> photo,
        int maxSide,
        bool toSrgb,
        FaceEngineOptions options,
        out int fullWidth,
        out int fullHeight)
    {
        if (photo.Length > options.MaxPhotoBytes)
        {
            throw new PhotoException(
                PhotoProblem.TooLarge,
                $"The photo has {photo.Length / 1e6:0.0} MB: up to {options.MaxPhotoBytes / 1e6:0.#} MB can be read.");
        }

        var format = PhotoFormats.Recognize(photo);
        (fullWidth, fullHeight) = CheckSize(photo, format, options);

        // vips_thumbnail_buffer would do both, but goes on where the loader reports damage.
        using var load = new VipsOperation(PhotoFormats.LoaderOf(format))
            .Set("buffer", photo)
            .Set("access", "sequential")
            .Set("fail_on", "error");
        if (format == PhotoFormat.Jpeg)
        {
            load.Set("shrink", ShrinkWhileLoading(Math.Max(fullWidth, fullHeight), maxSide));
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

    // Reads the header only: nothing of the picture's size is allocated before these checks have passed.
    private static (int Width, int Height) CheckSize(ReadOnlySpan<byte> photo, PhotoFormat format, FaceEngineOptions options)
    {
        using var load = new VipsOperation(PhotoFormats.LoaderOf(format)).Set("buffer", photo).Set("fail_on", "error");
        if (!load.TryRun(out var header))
        {
            throw Damaged();
        }

        using (header)
        {
            var pixels = (long)header.Width * header.Height;
            if (pixels > options.MaxPhotoPixels)
            {
                throw new PhotoException(
                    PhotoProblem.TooManyPixels,
                    $"The photo has {pixels / 1e6:0} megapixels ({header.Width} × {header.Height}): up to {options.MaxPhotoPixels / 1e6:0.##} can be read.");
            }

            if (CountWholeBytes(photo, format, header) > MaxWholeBytes)
            {
                throw new PhotoException(
                    PhotoProblem.TooManyPixels,
                    $"The photo has {pixels / 1e6:0} megapixels in a form that cannot be decoded piece by piece: send it smaller, or as a plain JPEG.");
            }

            return header.SwapsSides ? (header.Height, header.Width) : (header.Width, header.Height);
        }
    }

    // Bytes a decoder holds at once; 0 where it goes row by row.
    private static long CountWholeBytes(ReadOnlySpan<byte> photo, PhotoFormat format, VipsImage header)
    {
        var pixels = (long)header.Width * header.Height;
        switch (format)
        {
            case PhotoFormat.Jpeg:
                var structure = JpegStructure.Read(photo);
                return structure.Scans * pixels > MaxScannedPixels ? long.MaxValue : structure.CoefficientBytes;
            case PhotoFormat.Png:
                const int interlace = 28;
                return photo[interlace] == 0 ? 0 : header.ByteSize;
            case PhotoFormat.Gif:
                return pixels * sizeof(int);
            case PhotoFormat.Avif:
                // The planes of luma and chroma, and the pixels made of them.
                return 2 * header.ByteSize;
            default:
                return header.ByteSize;
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
}
