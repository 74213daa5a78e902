namespace FindMe.Faces;

/// <summary>An upright decoded photo, shrunk to the size that the next steps need. Its pixels are pooled.</summary>
internal sealed class Picture : IDisposable
{
    /// <summary>Bytes per pixel: red, green, blue.</summary>
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

    public int Width { get; }

    public int Height { get; }

    /// <summary>Width of the upright full-size photo.</summary>
    public int FullWidth { get; }

    /// <summary>Height of the upright full-size photo.</summary>
    public int FullHeight { get; }

    /// <summary>Horizontal pixels of the full-size photo per pixel; at least 1.</summary>
    public float ScaleX => (float)FullWidth / Width;

    /// <summary>Vertical pixels of the full-size photo per pixel; at least 1.</summary>
    public float ScaleY => (float)FullHeight / Height;

    /// <summary><c>[height, width, 3]</c>: red, green, blue, 0 to 255.</summary>
    public Span<byte> Pixels => _pixels.AsSpan(0, Width * Height * Bands);

    /// <summary>Copies pixels into a picture that is its own full-size photo.</summary>
    public static Picture CopyOf(PhotoPixels pixels)
    {
        var picture = new Picture(pixels.Width, pixels.Height, pixels.Width, pixels.Height);
        pixels.Rgb.CopyTo(picture.Pixels);
        return picture;
    }

    /// <summary>Returns a copy rotated by 90°.</summary>
    public Picture Rotate(bool clockwise)
    {
        var rotated = new Picture(Height, Width, FullHeight, FullWidth);
        ReadOnlySpan<byte> source = Pixels;
        var target = rotated.Pixels;
        for (var y = 0; y < Height; y++)
        {
            for (var x = 0; x < Width; x++)
            {
                var (column, row) = clockwise ? (Height - 1 - y, x) : (y, Width - 1 - x);
                source.Slice(((y * Width) + x) * Bands, Bands).CopyTo(target[(((row * Height) + column) * Bands)..]);
            }
        }

        return rotated;
    }

    public void Dispose() => Buffers.Bytes.Return(_pixels);
}
