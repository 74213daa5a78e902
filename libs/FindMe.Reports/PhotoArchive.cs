using System.IO.Compression;
using System.Text;
using FindMe.Faces;

namespace FindMe.Reports;

/// <summary>The photos of a report as a ZIP file of their original bytes, with the report as a page and a list of where they come from.</summary>
public static class PhotoArchive
{
    /// <summary>Most bytes of photos in one archive: below the 4 GiB that every program opens. Further photos become lines of the list.</summary>
    public const long MaxBytes = 4_000_000_000;

    private const string Credits = "credits.csv";
    private const string Report = "report.html";

    /// <summary>Writes an archive, one photo at a time in memory. Stored: photos hardly shrink, and their bytes stay what they are.</summary>
    /// <param name="body">Where to; only ever written to asynchronously. It stays open.</param>
    /// <param name="report">The report.</param>
    /// <param name="read">Reads a photo. An unavailable photo becomes a line in the list.</param>
    /// <param name="cancellationToken">Gives up; the archive is not whole then.</param>
    /// <param name="maxBytes">Bytes of photos after which no further one is begun.</param>
    public static async Task WriteAsync(Stream body, TripReport report, PhotoFileReader read, CancellationToken cancellationToken, long maxBytes = MaxBytes)
    {
        await using var deferred = new DeferredWrites(body);
        await using (var zip = await ZipArchive.CreateAsync(deferred, ZipArchiveMode.Create, leaveOpen: true, entryNameEncoding: null, cancellationToken))
        {
            var lines = await WritePhotosAsync(zip, report.Photos, read, maxBytes, cancellationToken);
            var pictures = lines.ToDictionary(line => line.Photo.Id, line => new ReportPicture(Uri.EscapeDataString(line.File), line.Note));
            await using (var page = await OpenAsync(zip, Report, cancellationToken))
            {
                await ReportHtml.WriteAsync(page, report, (photo, _) => Task.FromResult(pictures[photo.Id]), cancellationToken);
            }

            await using var credits = await OpenAsync(zip, Credits, cancellationToken);
            await credits.WriteAsync(Encoding.UTF8.GetBytes(ReportText.Csv(lines)), cancellationToken);
        }

        await deferred.FlushAsync(cancellationToken);
    }

    /// <summary>What the file of one photo is called where it stands alone.</summary>
    /// <param name="photo">The photo.</param>
    /// <param name="bytes">The file.</param>
    /// <exception cref="PhotoException">It is not a picture that can be read.</exception>
    public static string NameOf(ReportPhoto photo, byte[] bytes)
    {
        ArgumentNullException.ThrowIfNull(photo);
        return new FileNames().Take(photo.Name, PhotoRendering.ExtensionOf(bytes));
    }

    private static async Task<List<ReportLine>> WritePhotosAsync(
        ZipArchive zip, IReadOnlyList<ReportPhoto> photos, PhotoFileReader read, long maxBytes, CancellationToken cancellationToken)
    {
        var names = new FileNames(Credits, Report);
        var lines = new List<ReportLine>(photos.Count);
        var written = 0L;
        foreach (var photo in photos)
        {
            var file = photo.IsLinkOnly ? new PhotoFile(null, ReportText.LinkOnly)
                : written > maxBytes ? new PhotoFile(null, "The archive is full: download fewer photos at a time.")
                : await read(photo, cancellationToken);
            if (file.Bytes is not { } bytes)
            {
                lines.Add(new ReportLine(photo, "", file.Note));
                continue;
            }

            string extension;
            try
            {
                extension = PhotoRendering.ExtensionOf(bytes);
            }
            catch (PhotoException exception)
            {
                lines.Add(new ReportLine(photo, "", exception.Message));
                continue;
            }

            var name = names.Take(photo.Name, extension);
            await using (var content = await OpenAsync(zip, name, cancellationToken, photo.Time))
            {
                await content.WriteAsync(bytes, cancellationToken);
            }

            written += bytes.Length;
            lines.Add(new ReportLine(photo, name, photo.VideoTime is null ? "" : "A frame of the video."));
        }

        return lines;
    }

    private static async Task<Stream> OpenAsync(ZipArchive zip, string name, CancellationToken cancellationToken, DateTimeOffset? time = null)
    {
        var entry = zip.CreateEntry(name, CompressionLevel.NoCompression);
        if (time is { Year: >= 1980 and < 2108 } known)
        {
            entry.LastWriteTime = known;
        }

        return await entry.OpenAsync(cancellationToken);
    }
}
