using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats;
using SixLabors.ImageSharp.Formats.Gif;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.Formats.Png;
using SixLabors.ImageSharp.Formats.Tiff;
using SixLabors.ImageSharp.Formats.Webp;
using SixLabors.ImageSharp.Metadata.Profiles.Exif;
using SixLabors.ImageSharp.PixelFormats;
using SixLabors.ImageSharp.Processing;

namespace FindMe.Faces.Tests;

/// <summary>Compares the engine's decoded size, orientation and colours with ImageSharp, which shares no code with libvips.</summary>
public sealed class DecodingOracleTests
{
    // Mean difference per channel, of 255. JPEG decoders differ in rounding and colour upsampling, and shrinking filters differ; a swapped
    // channel, shifted row or wrong profile would exceed this by far.
    private const double JpegTolerance = 1.5;

    [Fact]
    public void The_demo_photos_have_the_same_size_and_colours()
    {
        foreach (var number in Enumerable.Range(1, 6))
        {
            Compare(EngineFixture.ReadSample(number), JpegTolerance, $"sample{number}.jpg");
        }
    }

    [Fact]
    public void The_evaluation_photos_have_the_same_size_and_colours()
    {
        var photos = Directory.GetFiles(Checkouts.Shared("eval"), "*.*", SearchOption.AllDirectories)
            .Where(file => Path.GetExtension(file) is ".jpg" or ".jpeg" or ".png")
            .Order(StringComparer.Ordinal)
            .ToList();

        // All photos of the small collections, and a tenth of the large one.
        var chosen = photos.Where((file, index) => index % 10 == 0 || !file.Contains("lfw", StringComparison.Ordinal)).ToList();
        Assert.True(chosen.Count > 300);
        foreach (var photo in chosen)
        {
            Compare(File.ReadAllBytes(photo), JpegTolerance, photo);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void Every_EXIF_orientation_is_decoded_upright(ushort orientation)
    {
        using var picture = Part();
        picture.Metadata.ExifProfile = new ExifProfile();
        picture.Metadata.ExifProfile.SetValue(ExifTag.Orientation, orientation);

        Compare(Encode(picture, new JpegEncoder { Quality = 95 }), JpegTolerance, $"orientation {orientation}");
    }

    [Fact]
    public void Lossless_formats_decode_to_identical_pixels()
    {
        using var picture = Part();
        foreach (var encoder in (IImageEncoder[])[new PngEncoder(), new WebpEncoder { FileFormat = WebpFileFormatType.Lossless }, new TiffEncoder(), new GifEncoder()])
        {
            Compare(Encode(picture, encoder), tolerance: 0, encoder.GetType().Name);
        }
    }

    [Fact]
    public void Transparent_parts_are_white()
    {
        using var opaque = Part();
        using var picture = opaque.CloneAs<Rgba32>();
        for (var row = 0; row < picture.Height; row += 2)
        {
            for (var column = 0; column < picture.Width; column++)
            {
                picture[column, row] = picture[column, row] with { A = 0 };
            }
        }

        var photo = Encode(picture, new PngEncoder { ColorType = PngColorType.RgbWithAlpha });

        Assert.Equal([255, 255, 255], PhotoPixels.Decode(photo).Rgb[..3]);
        Compare(photo, tolerance: 0, "transparent");
    }

    [Fact]
    public void Shrinking_on_load_keeps_the_aspect_ratio_and_the_colours()
    {
        using var large = Image.Load<Rgb24>(EngineFixture.ReadSample(1));
        large.Mutate(picture => picture.Resize(5_760, 3_840));

        var photo = Encode(large, new JpegEncoder { Quality = 90 });
        var shrunk = PhotoPixels.Decode(photo);

        Assert.Equal((2_000, 1_333), (shrunk.Width, shrunk.Height));
        Compare(photo, JpegTolerance, "shrunk");
    }

    private static void Compare(byte[] photo, double tolerance, string name)
    {
        var decoded = PhotoPixels.Decode(photo);
        using var oracle = Image.Load<Rgba32>(photo);
        oracle.Mutate(picture => picture.AutoOrient().BackgroundColor(Color.White));
        if (Math.Max(oracle.Width, oracle.Height) is var side && side > FaceEngine.WorkingSide)
        {
            var scale = (double)FaceEngine.WorkingSide / side;
            oracle.Mutate(picture => picture.Resize((int)Math.Round(oracle.Width * scale), (int)Math.Round(oracle.Height * scale)));
        }

        Assert.True((oracle.Width, oracle.Height) == (decoded.Width, decoded.Height), $"{name}: {decoded.Width} × {decoded.Height}, not {oracle.Width} × {oracle.Height}");
        using var opaque = oracle.CloneAs<Rgb24>();
        var difference = MeanDifference(decoded.Rgb, opaque);
        TestContext.Current.TestOutputHelper!.WriteLine($"{difference:0.000} {name}");
        Assert.True(difference <= tolerance, $"{name}: channels differ by {difference:0.00} on average");
    }

    private static double MeanDifference(byte[] rgb, Image<Rgb24> oracle)
    {
        var expected = new byte[rgb.Length];
        oracle.CopyPixelDataTo(expected);
        return rgb.Zip(expected, (one, other) => Math.Abs(one - other)).Average();
    }

    // An asymmetric part of a photo, so that every wrong orientation shows.
    private static Image<Rgb24> Part()
    {
        var picture = Image.Load<Rgb24>(EngineFixture.ReadSample(1));
        picture.Mutate(whole => whole.Crop(new Rectangle(300, 200, 331, 217)));
        return picture;
    }

    private static byte[] Encode(Image picture, IImageEncoder encoder)
    {
        using var encoded = new MemoryStream();
        picture.Save(encoded, encoder);
        return encoded.ToArray();
    }
}
