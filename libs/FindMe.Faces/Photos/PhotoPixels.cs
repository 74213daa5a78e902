namespace FindMe.Faces;

/// <summary>A decoded picture: to be changed, put together, or looked at as it is.</summary>
public sealed class PhotoPixels
{
    private const int MaxSide = 1 << 14;

    /// <summary>Takes pixels as they are; they are not copied.</summary>
    /// <param name="width">Pixels across, 1 to 16,384.</param>
    /// <param name="height">Pixels down, 1 to 16,384.</param>
    /// <param name="rgb"><c>[height, width, 3]</c>: red, green, blue, 0 to 255, rows from the top.</param>
    /// <exception cref="ArgumentOutOfRangeException">A side is out of its range.</exception>
    /// <exception cref="ArgumentException"><paramref name="rgb"/> is of another size.</exception>
    public PhotoPixels(int width, int height, byte[] rgb)
    {
        ArgumentNullException.ThrowIfNull(rgb);
        foreach (var side in (ReadOnlySpan<int>)[width, height])
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(side, 1);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(side, MaxSide);
        }

        if (rgb.Length != width * height * Picture.Bands)
        {
            throw new ArgumentException($"{width} × {height} pixels have {width * height * Picture.Bands} bytes, not {rgb.Length}.", nameof(rgb));
        }

        (Width, Height, Rgb) = (width, height, rgb);
    }

    /// <summary>Pixels across.</summary>
    public int Width { get; }

    /// <summary>Pixels down.</summary>
    public int Height { get; }

    /// <summary><c>[height, width, 3]</c>: red, green, blue, 0 to 255, rows from the top.</summary>
    public byte[] Rgb { get; }

    /// <summary>Decodes a photo as the engine sees it: upright, in the colours it is stored in.</summary>
    /// <param name="photo">The encoded photo, as for <see cref="FaceEngine.Analyze(ReadOnlyMemory{byte}, CancellationToken)"/>.</param>
    /// <param name="maxSide">Longest side of the result, in pixels; a smaller photo keeps its size.</param>
    /// <param name="options">The limits on <paramref name="photo"/>; the defaults where null.</param>
    /// <exception cref="PhotoException">The photo cannot be read.</exception>
    public static PhotoPixels Decode(ReadOnlyMemory<byte> photo, int maxSide = FaceEngine.WorkingSide, FaceEngineOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxSide, 1);
        using var picture = PhotoDecoding.Decode(photo, maxSide, options ?? new FaceEngineOptions());
        return new PhotoPixels(picture.Width, picture.Height, picture.Pixels.ToArray());
    }

    /// <summary>Encodes the picture.</summary>
    /// <param name="quality">1, the smallest file, to 100.</param>
    /// <returns>A JPEG file.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="quality"/> is out of its range.</exception>
    public byte[] ToJpeg(int quality = 85)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(quality, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(quality, 100);
        using var image = Vips.FromRgb(Rgb, Width, Height);
        return image.JpegsaveBuffer(q: quality);
    }
}
