using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace FindMe.Faces.Tests;

/// <summary>Runs alone, because its tests measure time and memory of the process.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

[Collection(nameof(Alone))]
public sealed class PhotoDecodingTests(EngineFixture fixture)
{
    private const double MaxSeconds = 2;
    private const long MaxMemory = 500_000_000;

    // Where libvips differs from the decoders that the expectations come from: it does not read BMP, and accepts two GIFs that are truncated
    // after their first, complete frame.
    private static readonly string[] Exceptions =
    [
        "pil_hopper.bmp",
        "cf_einstein.bmp",
        "its_55abb3cc464305dd554171c3d44cb61f.gif",
        "its_9f8f6046eaf9ffa2d9c5d6db05c5f881.gif",
    ];

    [Fact]
    public void Every_hostile_file_is_decoded_or_rejected_as_expected_in_bounded_time_and_memory()
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

    // PNGs with one byte of pixels that claim 20,000 × 10,000 and 2,147,483,647 × 1 pixels.
    [Theory]
    [InlineData("iVBORw0KGgoAAAANSUhEUgAATiAAACcQCAAAAADcTxd+AAAACUlEQVR4nGMAAAABAAFe/335AAAAAElFTkSuQmCC", "The photo has 200 megapixels (20000 × 10000): up to 100 can be read.")]
    [InlineData("iVBORw0KGgoAAAANSUhEUn////8AAAABCAAAAACFXWwBAAAACUlEQVR4nGMAAAABAAFe/335AAAAAElFTkSuQmCC", "The photo is damaged or truncated: send it again, or send another one.")]
    public void A_photo_with_too_many_pixels_is_rejected_before_decoding(string photo, string message) =>
        Assert.Equal(message, Assert.Throws<PhotoException>(() => Analyze(Convert.FromBase64String(photo))).Message);

    [Fact]
    public void A_file_with_too_many_bytes_is_rejected()
    {
        using var engine = FaceEngine.Load(new FaceEngineOptions { ModelsPath = EngineFixture.ModelsPath, MaxPhotoBytes = 100_000 });

        var exception = Assert.Throws<PhotoException>(
            () => engine.Analyze(EngineFixture.ReadSample(1), TestContext.Current.CancellationToken));

        Assert.Equal(PhotoProblem.TooLarge, exception.Problem);
    }

    [Fact]
    public void The_error_for_HEIC_says_how_to_get_a_JPEG()
    {
        byte[] photo = [0, 0, 0, 24, .. "ftypheic"u8, 0, 0, 0, 0, .. "mif1heic"u8, .. new byte[100]];

        var exception = Assert.Throws<PhotoException>(() => Analyze(photo));

        Assert.Equal(PhotoProblem.Heic, exception.Problem);
        Assert.StartsWith("HEIC is not supported: send a JPEG.", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("BM000000", PhotoProblem.UnsupportedFormat)]
    [InlineData("%PDF-1.7", PhotoProblem.UnsupportedFormat)]
    [InlineData("<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>", PhotoProblem.UnsupportedFormat)]
    [InlineData("<!doctype html><title>Not found</title>", PhotoProblem.NotAnImage)]
    [InlineData("", PhotoProblem.NotAnImage)]
    [InlineData("GIF89a", PhotoProblem.Damaged)]
    [InlineData("RIFF0000WEBPVP8 ", PhotoProblem.Damaged)]
    public void Unreadable_files_are_reported_by_their_kind(string content, PhotoProblem problem) =>
        Assert.Equal(problem, Assert.Throws<PhotoException>(() => Analyze(Encoding.Latin1.GetBytes(content))).Problem);

    [Fact]
    public void A_truncated_photo_is_reported_as_damaged()
    {
        var photo = EngineFixture.ReadSample(3);

        var exception = Assert.Throws<PhotoException>(() => Analyze(photo[..(photo.Length / 2)]));

        Assert.Equal(PhotoProblem.Damaged, exception.Problem);
    }

    [Fact]
    public void A_rendering_is_upright_of_the_requested_size_and_without_metadata()
    {
        var jpeg = PhotoRendering.ToJpeg(SharedPhotos.Read("eval", "exif", "portrait-orientation-6.jpg"), maxSide: 400);

        var photo = Analyze(jpeg);
        Assert.Equal((400, 333), (photo.Width, photo.Height));
        Assert.NotEmpty(photo.Faces);
        Assert.Equal(-1, jpeg.AsSpan().IndexOf("Exif"u8));
        Assert.Equal(-1, jpeg.AsSpan().IndexOf("ICC_PROFILE"u8));
    }

    [Fact]
    public void Rendering_rejects_the_same_files_as_the_engine() =>
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

    // Processor time of this process, so that other load on the machine does not count.
    private static TimeSpan ReadProcessorTime()
    {
        using var process = Process.GetCurrentProcess();
        return process.TotalProcessorTime;
    }

    // On Linux, this resets the peak memory of the process. On other systems memory is not measured.
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
