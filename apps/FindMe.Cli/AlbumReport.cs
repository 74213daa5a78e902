using FindMe.Faces;
using FindMe.Recognition;
using FindMe.Reports;

namespace FindMe.Cli;

/// <summary>The report files of <c>findme album</c>: a page and a ZIP file, like those of a search in the browser.</summary>
/// <param name="Page">Path of the page; null: not written.</param>
/// <param name="Archive">Path of the ZIP file; null: not written.</param>
internal sealed record AlbumReport(string? Page, string? Archive)
{
    /// <summary>Checks in advance that both files can be written.</summary>
    /// <exception cref="CommandException">A file cannot be written.</exception>
    public void Check() => OutputFiles.Check([("--report", Page), ("--zip", Archive)]);

    /// <summary>Writes the files. A file that cannot be written is reported and leaves nothing behind; the other is still written.</summary>
    /// <param name="folder">The folder that was searched.</param>
    /// <param name="found">The photos that show the person.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    /// <returns>Whether all files were written.</returns>
    public async Task<bool> WriteAsync(string folder, IEnumerable<string> found, CancellationToken cancellationToken)
    {
        var photos = found.Order(StringComparer.Ordinal).Select(path => new ReportPhoto(path, Path.GetFileName(path))).ToList();
        var report = new TripReport("", photos) { Event = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))) };
        return await TryWriteAsync(Page, file => ReportHtml.WriteAsync(file, report, ReportHtml.Inline(ReadAsync), cancellationToken), cancellationToken)
            & await TryWriteAsync(Archive, file => PhotoArchive.WriteAsync(file, report, ReadAsync, cancellationToken), cancellationToken);
    }

    private static Task<PhotoFile> ReadAsync(ReportPhoto photo, CancellationToken cancellationToken)
    {
        try
        {
            return Task.FromResult(new PhotoFile(PhotoFiles.Read(photo.Id)));
        }
        catch (Exception exception) when (exception is CommandException or PhotoException)
        {
            return Task.FromResult(new PhotoFile(null, $"The photo is no longer available: {exception.Message}"));
        }
    }

    private static async Task<bool> TryWriteAsync(string? path, Func<Stream, Task> write, CancellationToken cancellationToken)
    {
        try
        {
            if (path is not null)
            {
                await PrivateFile.WriteAsync(path, write, cancellationToken);
            }

            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            CommandLine.Complain($"Could not write {path}: {exception.Message}");
            return false;
        }
    }
}
