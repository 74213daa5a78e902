using System.Buffers.Binary;
using System.IO.Compression;
using FindMe.Pipeline;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>A file of a ZIP file that was left out.</summary>
/// <param name="Name">Its name there.</param>
/// <param name="Reason">Why, for a person.</param>
internal sealed record SkippedFile(string Name, string Reason);

/// <summary>What was in a ZIP file.</summary>
/// <param name="Photos">The names of the files that were unpacked; each lies under its number.</param>
/// <param name="Skipped">The first <see cref="MaxSkipped"/> that were left out.</param>
internal sealed record UnpackedZip(IReadOnlyList<string> Photos, IReadOnlyList<SkippedFile> Skipped)
{
    /// <summary>Left out files that are told by name.</summary>
    public const int MaxSkipped = 100;
}

/// <summary>A ZIP file is none, or larger than allowed.</summary>
/// <param name="message">What is wrong, for a person.</param>
/// <param name="wayOut">What can be done.</param>
/// <param name="isTooLarge">Whether its size is what is wrong.</param>
internal sealed class ZipRefusedException(string message, string wayOut, bool isTooLarge) : Exception(message)
{
    public string WayOut { get; } = wayOut;

    public bool IsTooLarge { get; } = isTooLarge;
}

/// <summary>Unpacks a stranger's ZIP file: what it says of itself is not believed, and none of its names reaches the disk.</summary>
internal sealed class ZipUnpacking(UploadFolders folders, IOptions<UploadOptions> options, IOptions<AlbumOptions> albums) : IDisposable
{
    // A record of a file in the directory of a ZIP file, with a name and extras that no honest one exceeds on average.
    private const int MaxBytesOfRecord = 1_024;
    private const int MaxName = 500;

    // Unpacking is work for a processor and a disk: whoever comes next waits.
    private readonly SemaphoreSlim _turn = new(2);

    /// <summary>Takes in a ZIP file and unpacks its photos.</summary>
    /// <param name="upload">The upload's id.</param>
    /// <param name="body">The file.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ZipRefusedException">It is none, or larger than allowed. The folder is the caller's to delete.</exception>
    public async Task<UnpackedZip> UnpackAsync(string upload, Stream body, CancellationToken cancellationToken)
    {
        // As open to others as the folder of uploads is, and no more.
        Directory.CreateDirectory(folders.FolderOf(upload));
        var path = Path.Combine(folders.FolderOf(upload), "zip");
        await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.Asynchronous | FileOptions.DeleteOnClose);
        await CopyAsync(body, file, options.Value.MaxBytes, cancellationToken);
        await _turn.WaitAsync(cancellationToken);
        try
        {
            CheckDirectory(file);
            using var zip = new ZipArchive(file, ZipArchiveMode.Read, leaveOpen: true);
            return await UnpackAsync(upload, zip, cancellationToken);
        }
        catch (InvalidDataException)
        {
            throw NoZip();
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    private async Task<UnpackedZip> UnpackAsync(string upload, ZipArchive zip, CancellationToken cancellationToken)
    {
        if (zip.Entries.Count > options.Value.MaxEntries)
        {
            throw TooMany();
        }

        var photos = new List<string>();
        var skipped = new List<SkippedFile>();
        var total = 0L;
        foreach (var entry in zip.Entries.Where(IsFile))
        {
            var reason = ReasonToSkip(entry);
            if (reason is null)
            {
                long written;
                (written, reason) = await WriteAsync(entry, folders.FileOf(upload, photos.Count), total, cancellationToken);
                total += written;
            }

            if (reason is null)
            {
                photos.Add(entry.FullName);
            }
            else if (skipped.Count < UnpackedZip.MaxSkipped)
            {
                skipped.Add(new SkippedFile(entry.FullName.Length > MaxName ? entry.FullName[..MaxName] : entry.FullName, reason));
            }
        }

        return new UnpackedZip(photos, skipped);
    }

    private static bool IsFile(ZipArchiveEntry entry) =>
        !entry.FullName.EndsWith('/')
        && !entry.FullName.StartsWith("__MACOSX/", StringComparison.Ordinal)
        && !entry.Name.StartsWith('.');

    private string? ReasonToSkip(ZipArchiveEntry entry) => entry switch
    {
        { FullName.Length: > MaxName } => "Its name is too long.",
        _ when entry.FullName.Any(char.IsControl) => "Its name holds characters that are none.",
        { IsEncrypted: true } => "It is encrypted.",
        { Length: 0 } => "It is empty.",
        _ when entry.Length > albums.Value.MaxPhotoBytes => $"It has {entry.Length / 1e6:0} MB; FindMe reads photos of at most {albums.Value.MaxPhotoBytes / 1e6:0} MB.",
        _ when entry.Length / options.Value.MaxRatio > entry.CompressedLength => throw Bomb(),
        _ => null,
    };

    // Counts what really comes out: a ZIP file may say what it likes, and many names may share the same bytes.
    private async Task<(long Written, string? Reason)> WriteAsync(ZipArchiveEntry entry, string path, long total, CancellationToken cancellationToken)
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
                if (total + written + read > options.Value.MaxUnpackedBytes)
                {
                    throw new ZipRefusedException(
                        $"Unpacked, the photos have more than {options.Value.MaxUnpackedBytes / 1e6:0} MB.", "Send them in several ZIP files.", isTooLarge: true);
                }

                reason = written == 0 && buffer.AsSpan(0, read).StartsWith("PK"u8) ? "It is a ZIP file in a ZIP file." : null;
                written += read;
                if ((written / options.Value.MaxRatio) > Math.Max(1, entry.CompressedLength) || written > albums.Value.MaxPhotoBytes)
                {
                    throw Bomb();
                }

                await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            }
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

    // ZipArchive reads the whole directory into memory before anything can be asked of it: how large that is says the end of the file.
    // APPNOTE.TXT 4.3.16: signature, disks, records on this disk, records, size of the directory, its offset, comment.
    private void CheckDirectory(FileStream file)
    {
        const int EndLength = 22;
        var tail = new byte[(int)Math.Min(file.Length, EndLength + ushort.MaxValue)];
        file.Seek(-tail.Length, SeekOrigin.End);
        file.ReadExactly(tail);
        file.Position = 0;
        var end = tail.AsSpan().LastIndexOf("PK\u0005\u0006"u8);
        if (end < 0 || tail.Length - end < EndLength)
        {
            throw NoZip();
        }

        // A part of a ZIP file in several is none to us. It is also one of the three ways to have ZipArchive look for a ZIP64 directory, which
        // may be of any size, the others being the highest number of records and the highest offset.
        if (BinaryPrimitives.ReadUInt32LittleEndian(tail.AsSpan(end + 4)) != 0)
        {
            throw NoZip();
        }

        var (records, offset) = (BinaryPrimitives.ReadUInt16LittleEndian(tail.AsSpan(end + 10)), BinaryPrimitives.ReadUInt32LittleEndian(tail.AsSpan(end + 16)));
        var directory = file.Length - tail.Length + end - offset;
        if (records > options.Value.MaxEntries || records == ushort.MaxValue || offset == uint.MaxValue || directory > (long)options.Value.MaxEntries * MaxBytesOfRecord)
        {
            throw TooMany();
        }
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

    private ZipRefusedException TooMany() =>
        new($"The ZIP file holds more than {options.Value.MaxEntries} files.", "Send the photos in several ZIP files.", isTooLarge: true);

    private static ZipRefusedException Bomb() =>
        new("A file in it is much larger than a ZIP file of its size can hold of a photo.", "Send a ZIP file of photos only.", isTooLarge: true);
}
