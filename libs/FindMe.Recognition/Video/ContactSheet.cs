using System.Globalization;
using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>Combines the best frame of each range of a video, with its time, into one picture.</summary>
public static class ContactSheet
{
    private const int Columns = 4;
    private const int CellWidth = 320;
    private const int CellHeight = 200;
    private const int Gap = 8;

    // 240 pictures, limited by the maximum height of 16,384 pixels.
    private const int MaxRows = 60;

    // Bitmaps of the digits and the colon, 3 × 5 dots each, 3 bits per row from the top. Avoids a dependency on fonts.
    private static readonly int[] Dots =
    [
        0b111_101_101_101_111, 0b010_110_010_010_111, 0b111_001_111_100_111, 0b111_001_111_001_111, 0b101_101_111_001_001, 0b111_100_111_001_111,
        0b111_100_111_101_111, 0b111_001_001_010_010, 0b111_101_111_101_111, 0b111_101_111_001_111, 0b000_010_000_010_000,
    ];

    private const int DotSide = 4;

    /// <summary>Draws the sheet.</summary>
    /// <param name="ranges">Ranges in order. The sheet shows the first 240 that have a picture.</param>
    /// <returns>A JPEG file; null if no range has a picture.</returns>
    public static byte[]? ToJpeg(IReadOnlyList<VideoRange> ranges)
    {
        ArgumentNullException.ThrowIfNull(ranges);
        var shown = ranges.Where(range => range.Best.Picture is not null).Take(Columns * MaxRows).ToList();
        if (shown.Count == 0)
        {
            return null;
        }

        var (columns, rows) = (Math.Min(Columns, shown.Count), (shown.Count + Columns - 1) / Columns);
        var (width, height) = ((columns * (CellWidth + Gap)) + Gap, (rows * (CellHeight + Gap)) + Gap);
        var sheet = new PhotoPixels(width, height, new byte[width * height * 3]);
        sheet.Rgb.AsSpan().Fill(24);
        for (var i = 0; i < shown.Count; i++)
        {
            var (picture, x, y) = (shown[i].Best.Picture!, Gap + (i % Columns * (CellWidth + Gap)), Gap + (i / Columns * (CellHeight + Gap)));
            var fitted = Shrink(picture, Math.Min(1, Math.Min((float)CellWidth / picture.Width, (float)CellHeight / picture.Height)));
            var (left, top) = (x + ((CellWidth - fitted.Width) / 2), y + ((CellHeight - fitted.Height) / 2));
            for (var row = 0; row < fitted.Height; row++)
            {
                fitted.Rgb.AsSpan(row * fitted.Width * 3, fitted.Width * 3).CopyTo(sheet.Rgb.AsSpan((((top + row) * width) + left) * 3));
            }

            Write(sheet, shown[i].Best.Time.ToString(@"h\:mm\:ss", CultureInfo.InvariantCulture), x + Gap, y + Gap);
        }

        return sheet.ToJpeg();
    }

    /// <summary>Returns a thumbnail of a video frame, with a rectangle around a face.</summary>
    /// <param name="frame">The video frame.</param>
    /// <param name="face">The face's box, in pixels of the frame.</param>
    /// <param name="side">Longest side of the thumbnail, in pixels.</param>
    internal static PhotoPixels Thumbnail(PhotoPixels frame, Box face, int side)
    {
        var scale = Math.Min(1, (float)side / Math.Max(frame.Width, frame.Height));
        var picture = Shrink(frame, scale);
        var (left, top) = (Math.Clamp((int)(face.X * scale), 0, picture.Width - 1), Math.Clamp((int)(face.Y * scale), 0, picture.Height - 1));
        var (right, bottom) = (Math.Clamp((int)((face.X + face.Width) * scale), left, picture.Width - 1), Math.Clamp((int)((face.Y + face.Height) * scale), top, picture.Height - 1));
        for (var thickness = 0; thickness < 2; thickness++)
        {
            for (var x = left; x <= right; x++)
            {
                Dot(picture, x, Math.Min(top + thickness, bottom));
                Dot(picture, x, Math.Max(bottom - thickness, top));
            }

            for (var y = top; y <= bottom; y++)
            {
                Dot(picture, Math.Min(left + thickness, right), y);
                Dot(picture, Math.Max(right - thickness, left), y);
            }
        }

        return picture;
    }

    // Averages the source pixels of each target pixel.
    private static PhotoPixels Shrink(PhotoPixels picture, float scale)
    {
        var (width, height) = (Math.Max(1, (int)(picture.Width * scale)), Math.Max(1, (int)(picture.Height * scale)));
        var rgb = new byte[width * height * 3];
        for (var y = 0; y < height; y++)
        {
            var (top, bottom) = (y * picture.Height / height, Math.Max(((y + 1) * picture.Height / height) - 1, y * picture.Height / height));
            for (var x = 0; x < width; x++)
            {
                var (left, right) = (x * picture.Width / width, Math.Max(((x + 1) * picture.Width / width) - 1, x * picture.Width / width));
                for (var band = 0; band < 3; band++)
                {
                    var sum = 0;
                    for (var row = top; row <= bottom; row++)
                    {
                        for (var column = left; column <= right; column++)
                        {
                            sum += picture.Rgb[(((row * picture.Width) + column) * 3) + band];
                        }
                    }

                    rgb[(((y * width) + x) * 3) + band] = (byte)(sum / ((bottom - top + 1) * (right - left + 1)));
                }
            }
        }

        return new PhotoPixels(width, height, rgb);
    }

    private static void Write(PhotoPixels sheet, string text, int x, int y)
    {
        foreach (var character in text)
        {
            var dots = Dots[character == ':' ? 10 : character - '0'];
            for (var bit = 0; bit < 15; bit++)
            {
                if ((dots >> (14 - bit) & 1) == 0)
                {
                    continue;
                }

                for (var i = 0; i < DotSide * DotSide; i++)
                {
                    Dot(sheet, x + (bit % 3 * DotSide) + (i % DotSide), y + (bit / 3 * DotSide) + (i / DotSide));
                }
            }

            x += 4 * DotSide;
        }
    }

    // Yellow, because few things in photos are.
    private static void Dot(PhotoPixels picture, int x, int y)
    {
        ReadOnlySpan<byte> yellow = [255, 214, 10];
        yellow.CopyTo(picture.Rgb.AsSpan(((y * picture.Width) + x) * 3));
    }
}
