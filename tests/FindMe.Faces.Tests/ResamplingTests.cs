namespace FindMe.Faces.Tests;

public sealed class ResamplingTests
{
    [Theory]
    [InlineData(97, 61, 74, 47)]
    [InlineData(97, 61, 19, 12)]
    [InlineData(97, 61, 200, 130)]
    [InlineData(97, 61, 97, 61)]
    [InlineData(3, 2, 112, 112)]
    [InlineData(1, 1, 7, 5)]
    public void Resizing_weighs_pixels_by_a_triangle_as_wide_as_the_step(int sourceWidth, int sourceHeight, int width, int height)
    {
        using var picture = Noise(sourceWidth + 5, sourceHeight + 4);
        var crop = new PixelRectangle(3, 2, sourceWidth, sourceHeight);
        var planes = new float[3 * width * height];

        Resampling.Resample(picture, crop, crop with { X = 0, Y = 0 }, width, height, planes, width, height, ResamplingKind.Smooth);

        AssertTriangle(picture, crop, crop with { X = 0, Y = 0 }, width, height, planes);
    }

    [Theory]
    [InlineData(40, 20, 0, 10, 40, 40, 16)]
    [InlineData(20, 41, 10, 0, 41, 41, 112)]
    [InlineData(1, 1, 50, 60, 101, 121, 9)]
    public void A_padded_crop_is_surrounded_by_black(int cropWidth, int cropHeight, int left, int above, int paddedWidth, int paddedHeight, int side)
    {
        using var picture = Noise(64, 64);
        var crop = new PixelRectangle(64 - cropWidth, 64 - cropHeight, cropWidth, cropHeight);
        var padding = new PixelRectangle(left, above, paddedWidth, paddedHeight);
        var planes = new float[3 * side * side];

        Resampling.Resample(picture, crop, padding, side, side, planes, side, side, ResamplingKind.Smooth);

        AssertTriangle(picture, crop, padding, side, side, planes);
    }

    /// <remarks>Two taps at any scale can pass over a crop that is small in its padding.</remarks>
    [Fact]
    public void A_crop_that_no_tap_of_face_api_touches_is_black()
    {
        using var picture = Noise(2, 2);
        var planes = new float[3 * 4 * 4];
        Array.Fill(planes, 7);

        Resampling.Resample(picture, new(0, 0, 1, 1), new(51, 51, 100, 100), 4, 4, planes, 4, 4, ResamplingKind.FaceApi);

        Assert.All(planes, value => Assert.Equal(0, value));
    }

    [Theory]
    [InlineData(97, 61, 74, 47)]
    [InlineData(97, 61, 19, 12)]
    [InlineData(30, 90, 32, 96)]
    public void Bytes_are_the_rounded_planes_with_each_colour_twice_and_black_around_them(int sourceWidth, int sourceHeight, int width, int height)
    {
        const int rowPixels = 96;
        const int rows = 96;
        using var picture = Noise(sourceWidth, sourceHeight);
        var whole = new PixelRectangle(0, 0, sourceWidth, sourceHeight);
        var planes = new float[3 * width * height];
        Resampling.Resample(picture, whole, whole, width, height, planes, width, height, ResamplingKind.Smooth);
        var bytes = new byte[rowPixels * rows * Resampling.BytesPerPixel];
        Array.Fill(bytes, (byte)7);

        Resampling.ResampleToBytes(picture, whole, width, height, bytes, rowPixels);

        for (var i = 0; i < bytes.Length; i++)
        {
            var (x, y, lane) = (i / 8 % rowPixels, i / 8 / rowPixels, i % 8);
            var expected = x < width && y < height && lane < 6
                ? (byte)MathF.Round(planes[(((lane / 2 * height) + y) * width) + x], MidpointRounding.ToEven)
                : 0;
            if (bytes[i] != expected)
            {
                Assert.Fail($"({x}, {y}), byte {lane}: {bytes[i]} instead of {expected}");
            }
        }
    }

    private static Picture Noise(int width, int height)
    {
        var picture = new Picture(width, height, width, height);
        new Random(1).NextBytes(picture.Pixels);
        return picture;
    }

    private static void AssertTriangle(Picture picture, PixelRectangle crop, PixelRectangle padding, int width, int height, float[] planes)
    {
        for (var i = 0; i < planes.Length; i++)
        {
            var (band, y, x) = (i / (width * height), i / width % height, i % width);
            var sum = 0.0;
            foreach (var (row, down) in Taps(y, padding.Height, height))
            {
                foreach (var (column, across) in Taps(x, padding.Width, width))
                {
                    var (sourceX, sourceY) = (column - padding.X, row - padding.Y);
                    if (sourceX >= 0 && sourceY >= 0 && sourceX < crop.Width && sourceY < crop.Height)
                    {
                        sum += down * across * picture.Pixels[((((crop.Y + sourceY) * picture.Width) + crop.X + sourceX) * Picture.Bands) + band];
                    }
                }
            }

            Assert.Equal(sum, planes[i], tolerance: 1e-3);
        }
    }

    private static List<(int Pixel, double Weight)> Taps(int index, int size, int length)
    {
        var step = (double)size / length;
        var (centre, reach) = (((index + 0.5) * step) - 0.5, Math.Max(1, step));
        var taps = Enumerable.Range(0, size).Select(pixel => (Pixel: pixel, Weight: Math.Max(0, 1 - (Math.Abs(pixel - centre) / reach)))).ToList();
        var total = taps.Sum(tap => tap.Weight);
        return taps.FindAll(tap => tap.Weight > 0).ConvertAll(tap => (tap.Pixel, tap.Weight / total));
    }
}
