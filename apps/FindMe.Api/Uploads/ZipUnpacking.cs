using System.IO.Compression;
using FindMe.Networks;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>A file of a ZIP file that was left out.</summary>
/// <param name="Name">Its name there.</param>
/// <param name="Reason">Why, for a person.</param>
internal sealed record SkippedFile(string Name, string Reason);

/// <summary>What was in a ZIP file.</summary>
/// <param name="Photos">The names of the files that were unpacked; each lies under its number.</param>
/// <param name="Skipped">The first <see cref="MaxSkipped"/> that were left out.</param>
/// <param name="Bytes">Bytes of the photos on the disk.</param>
internal sealed record UnpackedZip(IReadOnlyList<string> Photos, IReadOnlyList<SkippedFile> Skipped, long Bytes)
{
    /// <summary>Skipped files that are listed by name.</summary>
    public const int MaxSkipped = 100;
}

/// <summary>Not a ZIP file, or over a limit.</summary>
/// <param name="message">What is wrong, for a person.</param>
/// <param name="wayOut">What can be done.</param>
/// <param name="isTooLarge">Whether its size is what is wrong.</param>
/// <param name="problem">The slug of the problem; null: <c>too-large</c> or <c>not-a-zip</c>.</param>
internal sealed class ZipRefusedException(string message, string wayOut, bool isTooLarge, string? problem = null) : Exception(message)
{
    public string Problem { get; } = problem ?? (isTooLarge ? "too-large" : "not-a-zip");

    public string WayOut { get; } = wayOut;

    public bool IsTooLarge { get; } = isTooLarge;
}

/// <summary>Unpacks a stranger's ZIP file: what it says of itself is not believed, and none of its names reaches the disk.</summary>
internal sealed class ZipUnpacking(UploadFolders folders, IOptions<UploadOptions> options, IOptions<AlbumOptions> albums) : IDisposable
{
    private const int MaxName = 500;

    // Unpacking needs a processor and a disk, so the next request waits.
    private readonly SemaphoreSlim _gate = new(2);

    /// <summary>Takes in a ZIP file and unpacks its photos.</summary>
    /// <param name="upload">The upload's id.</param>
    /// <param name="body">The file.</param>
    /// <param name="reserve">Is told, before anything is unpacked, how many bytes the photos have by the directory, and throws where that is too much.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ZipRefusedException">It is none, or larger than allowed. The folder is the user's to delete.</exception>
    public async Task<UnpackedZip> UnpackAsync(string upload, Stream body, Func<long, Task> reserve, CancellationToken cancellationToken)
    {
        // As open to others as the folder of uploads is, and no more.
        Directory.CreateDirectory(folders.FolderOf(upload));
        var path = Path.Combine(folders.FolderOf(upload), "zip");
        await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.Asynchronous | FileOptions.DeleteOnClose);
        await CopyAsync(body, file, options.Value.MaxBytes, cancellationToken);
        await _gate.WaitAsync(cancellationToken);
        try
        {
            var records = ZipDirectory.Read(file, options.Value.MaxEntries);
            using var zip = new ZipArchive(file, ZipArchiveMode.Read, leaveOpen: true);
            return await UnpackAsync(upload, zip, records, reserve, cancellationToken);
        }
        catch (InvalidDataException)
        {
            throw NoZip();
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    private async Task<UnpackedZip> UnpackAsync(
        string upload, ZipArchive zip, IReadOnlyList<ZipRecord> records, Func<long, Task> reserve, CancellationToken cancellationToken)
    {
        // ZipArchive reads the same directory, so that what was checked there is what is unpacked here.
        if (zip.Entries.Count != records.Count || zip.Entries.Zip(records).Any(pair => pair.First.Length != pair.Second.Unpacked || pair.First.CompressedLength != pair.Second.Packed))
        {
            throw NoZip();
        }

        var files = zip.Entries.Zip(records, (entry, record) => (Entry: entry, record.Name)).Where(file => IsFile(file.Name))
            .Select(file => (file.Entry, file.Name, Reason: ReasonToSkip(file.Entry, file.Name))).ToList();
        var declared = files.Where(file => file.Reason is null).Sum(file => file.Entry.Length);
        if (declared > options.Value.MaxUnpackedBytes)
        {
            throw TooMuch();
        }

        await reserve(declared);
        var photos = new List<string>();
        var skipped = new List<SkippedFile>();
        var total = 0L;
        foreach (var (entry, name, known) in files)
        {
            var reason = known;
            if (reason is null)
            {
                (var written, reason) = await WriteAsync(entry, folders.FileOf(upload, photos.Count), cancellationToken);
                total += reason is null ? written : 0;
            }

            if (reason is null)
            {
                photos.Add(name);
            }
            else if (skipped.Count < UnpackedZip.MaxSkipped)
            {
                skipped.Add(new SkippedFile(name.Length > MaxName ? name[..MaxName] : name, reason));
            }
        }

        return new UnpackedZip(photos, skipped, total);
    }

    private static bool IsFile(string name) =>
        !name.EndsWith('/')
        && !name.StartsWith("__MACOSX/", StringComparison.Ordinal)
        && !name[(name.LastIndexOf('/') + 1)..].StartsWith('.');

    private string? ReasonToSkip(ZipArchiveEntry entry, string name) => entry switch
    {
        _ when name.Length > MaxName => "Its name is too long.",
        _ when name.Any(char.IsControl) => "Its name holds characters that are none.",
        { IsEncrypted: true } => "It is encrypted.",
        { Length: 0 } => "It is empty.",
        _ when entry.Length > albums.Value.MaxPhotoBytes => $"It has {entry.Length / 1e6:0} MB; FindMe reads photos of at most {albums.Value.MaxPhotoBytes / 1e6:0} MB.",
        _ when entry.Length / options.Value.MaxRatio > entry.CompressedLength => throw Bomb(),
        _ => null,
    };

    // Counts what really comes out: no more than the directory declared, for which there is room.
    private static async Task<(long Written, string? Reason)> WriteAsync(ZipArchiveEntry entry, string path, CancellationToken cancellationToken)
    {
        var written = 0L;
        var reason = default(string);
        var buffer = new byte[1 << 16];
        try
        {
            await using var packed = await entry.OpenAsync(cancellationToken);
            await using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None);
            while (reason is null && await packed.ReadAtLeastAsync(buffer, 4, throwOnEndOfStream: false, cancellationToken) is > 0 and var read)
            {
                reason = written == 0 && buffer.AsSpan(0, read).StartsWith("PK"u8) ? "It is a ZIP file in a ZIP file." : null;
                written += read;
                if (written > entry.Length)
                {
                    throw new ZipRefusedException("A file in the ZIP file is larger than its directory says.", "Pack the photos again.", isTooLarge: false);
                }

                await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            }

            reason ??= written < entry.Length ? "It is damaged." : null;
        }
        catch (InvalidDataException)
        {
            reason = "It is damaged.";
        }

        if (reason is not null)
        {
            File.Delete(path);
        }

        return (written, reason);
    }

    private static async Task CopyAsync(Stream body, FileStream file, int maxBytes, CancellationToken cancellationToken)
    {
        var buffer = new byte[1 << 16];
        while (await body.ReadAsync(buffer, cancellationToken) is > 0 and var read)
        {
            if (file.Position + read > maxBytes)
            {
                throw new ZipRefusedException($"The ZIP file has more than {maxBytes / 1e6:0} MB.", "Send the photos in several ZIP files.", isTooLarge: true);
            }

            await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }

        await file.FlushAsync(cancellationToken);
    }

    private static ZipRefusedException NoZip() => new("This is not a ZIP file, or it is cut off.", "Send a ZIP file of photos.", isTooLarge: false);

    private ZipRefusedException TooMuch() => new(
        $"Unpacked, the photos have more than {options.Value.MaxUnpackedBytes / 1e6:0} MB.", "Send them in several ZIP files.", isTooLarge: true);

    private static ZipRefusedException Bomb() =>
        new("A file in it is much larger than a ZIP file of its size can hold of a photo.", "Send a ZIP file of photos only.", isTooLarge: true);
}
