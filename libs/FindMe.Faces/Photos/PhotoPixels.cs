namespace FindMe.Faces;

/// <summary>A decoded RGB picture.</summary>
/// <remarks>Shares its array with the caller; safe to use from several threads as long as nobody writes to the array.</remarks>
public sealed class PhotoPixels
{
    private const int MaxSide = 1 << 14;

    /// <summary>Wraps an array of pixels without copying it.</summary>
    /// <param name="width">Width in pixels, 1 to 16,384.</param>
    /// <param name="height">Height in pixels, 1 to 16,384.</param>
    /// <param name="rgb"><c>[height, width, 3]</c>: red, green, blue, 0 to 255, rows from the top.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="width"/> or <paramref name="height"/> is out of range.</exception>
    /// <exception cref="ArgumentException">The length of <paramref name="rgb"/> does not match the size.</exception>
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
            throw new ArgumentException($"{width} × {height} pixels need {width * height * Picture.Bands} bytes, not {rgb.Length}.", nameof(rgb));
        }

        (Width, Height, Rgb) = (width, height, rgb);
    }

    /// <summary>Width in pixels.</summary>
    public int Width { get; }

    /// <summary>Height in pixels.</summary>
    public int Height { get; }

    /// <summary><c>[height, width, 3]</c>: red, green, blue, 0 to 255, rows from the top.</summary>
    public byte[] Rgb { get; }

    /// <summary>Decodes a photo as the engine does: upright, without applying its colour profile.</summary>
    /// <param name="photo">The encoded photo, as for <see cref="FaceEngine.Analyze(ReadOnlyMemory{byte}, CancellationToken)"/>.</param>
    /// <param name="maxSide">Longest side of the result, in pixels; a smaller photo keeps its size.</param>
    /// <param name="options">Limits on <paramref name="photo"/>; null for the defaults.</param>
    /// <exception cref="PhotoException">The photo cannot be read.</exception>
    public static PhotoPixels Decode(ReadOnlyMemory<byte> photo, int maxSide = FaceEngine.WorkingSide, FaceEngineOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxSide, 1);
        using var picture = PhotoDecoding.Decode(photo, maxSide, options ?? new FaceEngineOptions());
        return new PhotoPixels(picture.Width, picture.Height, picture.Pixels.ToArray());
    }

    /// <summary>Encodes the picture as a JPEG file.</summary>
    /// <param name="quality">1 (smallest file) to 100.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="quality"/> is out of range.</exception>
    public byte[] ToJpeg(int quality = 85)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(quality, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(quality, 100);
        using var image = Vips.FromRgb(Rgb, Width, Height);
        return image.JpegsaveBuffer(q: quality);
    }
}
