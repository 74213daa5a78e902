using System.IO.Compression;
using FindMe.Api;
using FindMe.Networks;
using Microsoft.Extensions.Options;

namespace FindMe.Apps.Tests.Fuzzing;

/// <summary>Unpacks ZIP files of strangers: nothing is written outside the upload's folder, and no more than is allowed.</summary>
internal static class ZipParser
{
    private const string Upload = "0123456789abcdef0123456789abcdef";
    private const int MaxUnpackedBytes = 100_000;

    private static readonly TemporaryFolder Root = TemporaryFolder.UntilTheEnd();

    private static readonly ZipUnpacking Unpacking = new(
        new UploadFolders(Options.Create(new UploadOptions { Path = Path.Combine(Root.Path, "uploads") })),
        Options.Create(new UploadOptions { MaxEntries = 20, MaxUnpackedBytes = MaxUnpackedBytes }),
        Options.Create(new AlbumOptions()));

    /// <summary>Photos in folders, one packed and one not, and what is no photo.</summary>
    public static byte[] Sample()
    {
        using var file = new MemoryStream();
        using (var zip = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, level) in new[] { ("day/a.jpg", CompressionLevel.NoCompression), ("b.txt", CompressionLevel.Optimal), ("empty/", CompressionLevel.Optimal) })
            {
                using var entry = zip.CreateEntry(name, level).Open();
                if (!name.EndsWith('/'))
                {
                    entry.Write("a picture of somebody, again and again and again and again"u8);
                }
            }
        }

        return file.ToArray();
    }

    public static void Read(byte[] zip)
    {
        try
        {
            using var body = new MemoryStream(zip);
            var unpacked = Unpacking.UnpackAsync(Upload, body, _ => Task.CompletedTask, CancellationToken.None).GetAwaiter().GetResult();

            var files = Directory.GetFiles(Path.Combine(Root.Path, "uploads", Upload));
            Assert.Equal(unpacked.Photos.Count, files.Length);
            Assert.InRange(files.Sum(file => new FileInfo(file).Length), 0, MaxUnpackedBytes);
        }
        finally
        {
            Directory.Delete(Path.Combine(Root.Path, "uploads", Upload), recursive: true);
            Assert.Equal([Path.Combine(Root.Path, "uploads")], Directory.GetFileSystemEntries(Root.Path));
        }
    }
}
