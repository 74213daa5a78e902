using System.IO.Compression;
using FindMe.Faces;

namespace FindMe.Page.Tests;

/// <summary>The albums the product is started with, made from the demo photos that come with the models.</summary>
internal sealed class Albums : IDisposable
{
    /// <summary>Six small photos and a file that is none: soon searched to the end.</summary>
    public const string Evening = "Evening";

    /// <summary>Sixty photos: long enough to look at the page in mid-search.</summary>
    public const string Festival = "Festival";

    /// <summary>A photo of five other people.</summary>
    public const string Strangers = "Strangers";

    private const int FestivalCopies = 10;

    // The engine's finest pass, most of its time, is for photos from 700 pixels.
    private const int SmallSide = 690;

    private readonly TemporaryFolder _root = new();

    public Albums()
    {
        for (var sample = 1; sample <= 6; sample++)
        {
            File.WriteAllBytes(PathOf(Evening, $"sample{sample}.jpg"), PhotoRendering.ToJpeg(File.ReadAllBytes(Sample(sample)), SmallSide));
            for (var copy = 0; copy < FestivalCopies; copy++)
            {
                File.WriteAllBytes(PathOf(Festival, $"copy{copy}-sample{sample}.jpg"), OwnBytes(sample, copy));
            }
        }

        File.WriteAllText(PathOf(Evening, "torn.jpg"), "This is no photo.");
        File.Copy(Sample(5), PathOf(Strangers, "stairs.jpg"));
    }

    public static IEnumerable<string> Names => [Evening, Festival, Strangers];

    /// <summary>The path of a demo photo; of <c>1</c> to <c>6</c>. In the first, three people look at the camera.</summary>
    public static string Sample(int number) =>
        Path.Combine(Checkouts.Models, "demo", $"sample{number}.jpg");

    /// <summary>The folder of an album.</summary>
    public string PathOf(string album) => _root.Folder(album);

    public void Dispose() => _root.Dispose();

    /// <summary>Files that a person has at home.</summary>
    internal sealed class OwnFiles : IDisposable
    {
        private readonly TemporaryFolder _folder = new();

        public OwnFiles()
        {
            // Nothing but a length: it takes no room, and is never read.
            TooLarge = _folder["everything.zip"];
            using var large = File.Create(TooLarge);
            large.SetLength(500_000_001);
        }

        /// <summary>A file one byte larger than can be sent.</summary>
        public string TooLarge { get; }

        /// <summary>A ZIP file of some of the demo photos, and of a text.</summary>
        public string Zip(params int[] samples)
        {
            var path = _folder[$"photos-{string.Join('-', samples)}.zip"];
            using var zip = ZipFile.Open(path, ZipArchiveMode.Create);
            foreach (var sample in samples)
            {
                zip.CreateEntryFromFile(Sample(sample), $"sample{sample}.jpg");
            }

            zip.CreateEntry("empty.txt");
            return path;
        }

        public void Dispose() => _folder.Dispose();
    }

    private string PathOf(string album, string file) =>
        Path.Combine(PathOf(album), file);

    // A comment segment right after the start marker makes each copy a file of its own: a product that
    // recognises bytes it has already seen would run through the copies too fast to be looked at.
    private static byte[] OwnBytes(int sample, int copy)
    {
        var photo = File.ReadAllBytes(Sample(sample));
        byte[] comment = [0xFF, 0xFE, 0x00, 0x04, (byte)sample, (byte)copy];
        return [.. photo[..2], .. comment, .. photo[2..]];
    }
}
