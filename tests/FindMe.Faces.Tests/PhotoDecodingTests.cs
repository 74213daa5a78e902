using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace FindMe.Faces.Tests;

/// <summary>Alone, since it measures the process.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

[Collection(nameof(Alone))]
public sealed class PhotoDecodingTests(EngineFixture fixture)
{
    private const double MaxSeconds = 2;
    private const long MaxMemory = 500_000_000;

    // What libvips does otherwise than the decoders the expectations were made with: it reads no BMP, and takes the whole frames of
    // two GIFs that are cut off behind them.
    private static readonly string[] Exceptions =
    [
        "pil_hopper.bmp",
        "cf_einstein.bmp",
        "its_55abb3cc464305dd554171c3d44cb61f.gif",
        "its_9f8f6046eaf9ffa2d9c5d6db05c5f881.gif",
    ];

    [Fact]
    public void Every_hostile_file_is_decoded_or_refused_as_expected_in_bounded_time_and_memory()
    {
        var rows = SharedPhotos.ReadRows("hostile", "EXPECT.csv").ToList();
        var wrong = new List<string>();
        foreach (var row in rows)
        {
            var photo = SharedPhotos.Read("hostile", row[0]);
            var (time, memory) = (ReadProcessorTime(), StartMeasuringMemory());
            var result = TryAnalyze(photo);
            var seconds = (ReadProcessorTime() - time).TotalSeconds;
            var bytes = ReadPeakMemory() - memory;
            if ((row[1] != "either" && row[1] != result && !Exceptions.Contains(row[0])) || seconds > MaxSeconds || bytes > MaxMemory)
            {
                wrong.Add($"{row[0]}: expected {row[1]}, {result} after {seconds:0.0} s with {bytes / 1e6:0} MB");
            }
        }

        Assert.Empty(wrong);
        Assert.True(rows.Count > 200);
    }

    // PNGs of one byte of pixels, which claim 20,000 × 10,000 and 2,147,483,647 × 1.
    [Theory]
    [InlineData("iVBORw0KGgoAAAANSUhEUgAATiAAACcQCAAAAADcTxd+AAAACUlEQVR4nGMAAAABAAFe/335AAAAAElFTkSuQmCC", "The photo has 200 megapixels (20000 × 10000): up to 100 can be read.")]
    [InlineData("iVBORw0KGgoAAAANSUhEUn////8AAAABCAAAAACFXWwBAAAACUlEQVR4nGMAAAABAAFe/335AAAAAElFTkSuQmCC", "The photo is damaged or cut off: send it again, or another one.")]
    public void A_photo_of_too_many_pixels_is_refused_before_it_is_decoded(string photo, string message) =>
        Assert.Equal(message, Assert.Throws<PhotoException>(() => Analyze(Convert.FromBase64String(photo))).Message);

    [Fact]
    public void A_file_of_too_many_bytes_is_refused()
    {
        using var engine = FaceEngine.Load(new FaceEngineOptions { ModelsPath = EngineFixture.ModelsPath, MaxPhotoBytes = 100_000 });

        var exception = Assert.Throws<PhotoException>(
            () => engine.Analyze(EngineFixture.ReadSample(1), TestContext.Current.CancellationToken));

        Assert.Equal(PhotoProblem.TooLarge, exception.Problem);
    }

    [Fact]
    public void An_iphones_HEIC_gets_its_own_reason()
    {
        byte[] photo = [0, 0, 0, 24, .. "ftypheic"u8, 0, 0, 0, 0, .. "mif1heic"u8, .. new byte[100]];

        var exception = Assert.Throws<PhotoException>(() => Analyze(photo));

        Assert.Equal(PhotoProblem.Heic, exception.Problem);
        Assert.StartsWith("HEIC photos cannot be read here;", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("BM000000", PhotoProblem.UnsupportedFormat)]
    [InlineData("%PDF-1.7", PhotoProblem.UnsupportedFormat)]
    [InlineData("<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>", PhotoProblem.UnsupportedFormat)]
    [InlineData("<!doctype html><title>Not found</title>", PhotoProblem.NotAnImage)]
    [InlineData("", PhotoProblem.NotAnImage)]
    [InlineData("GIF89a", PhotoProblem.Damaged)]
    [InlineData("RIFF0000WEBPVP8 ", PhotoProblem.Damaged)]
    public void What_is_no_readable_photo_is_told_apart(string content, PhotoProblem problem) =>
        Assert.Equal(problem, Assert.Throws<PhotoException>(() => Analyze(Encoding.Latin1.GetBytes(content))).Problem);

    [Fact]
    public void A_photo_cut_off_in_the_middle_is_damaged()
    {
        var photo = EngineFixture.ReadSample(3);

        var exception = Assert.Throws<PhotoException>(() => Analyze(photo[..(photo.Length / 2)]));

        Assert.Equal(PhotoProblem.Damaged, exception.Problem);
    }

    [Fact]
    public void A_rendering_is_upright_of_the_size_asked_for_and_without_metadata()
    {
        var jpeg = PhotoRendering.ToJpeg(SharedPhotos.Read("eval", "exif", "portrait-orientation-6.jpg"), maxSide: 400);

        var photo = Analyze(jpeg);
        Assert.Equal((400, 333), (photo.Width, photo.Height));
        Assert.NotEmpty(photo.Faces);
        Assert.Equal(-1, jpeg.AsSpan().IndexOf("Exif"u8));
        Assert.Equal(-1, jpeg.AsSpan().IndexOf("ICC_PROFILE"u8));
    }

    [Fact]
    public void A_rendering_refuses_what_the_engine_refuses() =>
        Assert.Equal(
            PhotoProblem.NotAnImage,
            Assert.Throws<PhotoException>(() => PhotoRendering.ToJpeg("text"u8.ToArray(), maxSide: 100)).Problem);

    private string TryAnalyze(byte[] photo)
    {
        try
        {
            Analyze(photo);
            return "decodes";
        }
        catch (PhotoException)
        {
            return "rejects";
        }
    }

    private AnalyzedPhoto Analyze(byte[] photo) => fixture.Engine.Analyze(photo, TestContext.Current.CancellationToken);

    // Its own time, so that what else runs on the machine does not count.
    private static TimeSpan ReadProcessorTime()
    {
        using var process = Process.GetCurrentProcess();
        return process.TotalProcessorTime;
    }

    // Linux forgets the peak of a process on this; elsewhere memory is not measured.
    private static long StartMeasuringMemory()
    {
        const string forget = "/proc/self/clear_refs";
        if (File.Exists(forget))
        {
            File.WriteAllText(forget, "5");
        }

        return ReadPeakMemory();
    }

    private static long ReadPeakMemory()
    {
        const string status = "/proc/self/status";
        if (!File.Exists(status))
        {
            return 0;
        }

        var line = File.ReadLines(status).Single(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
