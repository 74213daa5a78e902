namespace FindMe.Faces;

/// <summary>A decoded photo, upright, no larger than the steps after it need.</summary>
internal sealed class Picture : IDisposable
{
    /// <summary>Bands of a pixel: red, green, blue.</summary>
    public const int Bands = 3;

    private readonly byte[] _pixels;

    public Picture(int width, int height, int fullWidth, int fullHeight)
    {
        Width = width;
        Height = height;
        FullWidth = fullWidth;
        FullHeight = fullHeight;
        _pixels = Buffers.Bytes.Rent(width * height * Bands);
    }

    /// <summary>Width in pixels.</summary>
    public int Width { get; }

    /// <summary>Height in pixels.</summary>
    public int Height { get; }

    /// <summary>Width of the photo this was decoded from, upright.</summary>
    public int FullWidth { get; }

    /// <summary>Height of the photo this was decoded from, upright.</summary>
    public int FullHeight { get; }

    /// <summary>Pixels of the full photo for one pixel across; at least 1.</summary>
    public float ScaleX => (float)FullWidth / Width;

    /// <summary>Pixels of the full photo for one pixel down; at least 1.</summary>
    public float ScaleY => (float)FullHeight / Height;

    /// <summary><c>[height, width, 3]</c>: red, green, blue, 0 to 255.</summary>
    public Span<byte> Pixels => _pixels.AsSpan(0, Width * Height * Bands);

    /// <summary>A picture of full size.</summary>
    public static Picture CopyOf(PhotoPixels pixels)
    {
        var picture = new Picture(pixels.Width, pixels.Height, pixels.Width, pixels.Height);
        pixels.Rgb.CopyTo(picture.Pixels);
        return picture;
    }

    /// <summary>A copy that is turned by a quarter.</summary>
    public Picture Turn(bool clockwise)
    {
        var turned = new Picture(Height, Width, FullHeight, FullWidth);
        ReadOnlySpan<byte> source = Pixels;
        var target = turned.Pixels;
        for (var y = 0; y < Height; y++)
        {
            for (var x = 0; x < Width; x++)
            {
                var (column, row) = clockwise ? (Height - 1 - y, x) : (y, Width - 1 - x);
                source.Slice(((y * Width) + x) * Bands, Bands).CopyTo(target[(((row * Height) + column) * Bands)..]);
            }
        }

        return turned;
    }

    public void Dispose() => Buffers.Bytes.Return(_pixels);
}
