using FindMe.Faces;
using FindMe.Recognition;
using FindMe.Reports;

namespace FindMe.Cli;

/// <summary>What <c>findme album</c> writes of what it found: a page and a ZIP file, as a search in the browser gives them.</summary>
/// <param name="Page">Where the page goes; null: nowhere.</param>
/// <param name="Archive">Where the ZIP file goes; null: nowhere.</param>
internal sealed record AlbumReport(string? Page, string? Archive)
{
    /// <summary>Checks before the work that all of it can be written.</summary>
    /// <exception cref="CommandException">Something cannot.</exception>
    public void Check() => OutputFiles.Check([("--report", Page), ("--zip", Archive)]);

    /// <summary>Writes the files. What cannot be written is said, leaves nothing behind, and costs nothing of the rest.</summary>
    /// <param name="folder">The folder that was searched.</param>
    /// <param name="found">The photos that show the person.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>Whether all is written.</returns>
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
            return Task.FromResult(new PhotoFile(null, $"The photo cannot be had any more: {exception.Message}"));
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
            CommandLine.Complain($"{path} cannot be written: {exception.Message}");
            return false;
        }
    }
}
