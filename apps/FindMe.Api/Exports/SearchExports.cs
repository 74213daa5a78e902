using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using FindMe.Faces;
using FindMe.Pipeline;
using FindMe.Reports;
using Microsoft.AspNetCore.Http.HttpResults;

namespace FindMe.Api;

/// <summary>GET an export: the found photos as a ZIP file of their original bytes, one of them as its original file, as a page, or a list of them as CSV or Markdown.</summary>
internal static class SearchExports
{
    // Who wants more selects fewer at a time.
    private const int MaxPhotos = 5_000;

    // A page with its pictures in it: 75 MB that a browser holds at once.
    private const int MaxPhotosOfPage = 500;

    public static void AddSearchExports(this IServiceCollection services)
    {
        services.AddSingleton<RunningExports>();
        services.AddSingleton<ExportedFiles>();
    }

    public static void MapSearchExports(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/searches/{id}/photos/{listing:int}-{index:int}/original", DownloadAsync).RequireCaller(otherwise: Problems.NotFound)
            .Produces(200, contentType: "application/octet-stream")
            .WithSummary("The original file of one found photo; of a video, the frame. None of X, which allows links only.");
        routes.MapGet("/api/searches/{id}/export", ExportAsync).RequireCaller(otherwise: Problems.NotFound)
            .Produces(200, contentType: "application/zip")
            .WithSummary("The found photos: format=zip (the default), html, csv or md. photos: ids of found photos; report=true: those of the trip report, in its order; without either all of them.");
    }

    private static async Task<Results<FileContentHttpResult, ProblemHttpResult>> DownloadAsync(
        string id, int listing, int index, CurrentUser user, SearchReader reader, RunningExports running, ExportedFiles files, HttpResponse response, CancellationToken cancellationToken)
    {
        if (await reader.TryReadFoundPhotoAsync(id, user.Id, listing, index, cancellationToken) is not var (_, photo))
        {
            return Problems.NotFound;
        }

        var exported = new ExportedPhoto(photo, $"{listing}-{index}");
        if (exported.IsLinkOnly)
        {
            return Problems.Of(403, "x-links-only", "X does not allow copies.", "Open the post by its link.");
        }

        // The file is in memory as long as the answer takes.
        if (!running.TryBegin(user.Id, response, out var busy))
        {
            return busy;
        }

        var file = await files.ReadAsync(photo, cancellationToken);
        if (file.Bytes is not { } bytes)
        {
            return Problems.Of(410, "photo-gone", file.Note, "Try again in a moment. If it stays away, ask the person who posted it or keeps the album.");
        }

        response.Headers.CacheControl = "no-store";
        try
        {
            return TypedResults.File(bytes, "application/octet-stream", PhotoArchive.NameOf(exported.Describe(null, ""), bytes));
        }
        catch (PhotoException exception)
        {
            return Problems.Of(410, "photo-gone", exception.Message, "Ask the person who posted it or keeps the album.");
        }
    }

    private static async Task<Results<PushStreamHttpResult, ContentHttpResult, ProblemHttpResult>> ExportAsync(
        string id, string? format, string[]? photos, bool? report, CurrentUser user, SearchReader reader, PersonDocuments documents, RunningExports running, ExportedFiles files, HttpResponse response, CancellationToken cancellationToken)
    {
        if (await reader.TryReadAsync(id, user.Id, cancellationToken) is not { } snapshot)
        {
            return Problems.NotFound;
        }

        format ??= "zip";
        if (format is not ("zip" or "html" or "csv" or "md"))
        {
            return Problems.Of(400, "unknown-format", "`format` must be zip, html, csv or md.", "Leave it out for a ZIP file.");
        }

        var found = ExportedPhoto.Of(snapshot);
        var (saved, _) = await documents.ReadReportAsync(snapshot, found, cancellationToken);
        if ((photos is { Length: > 0 } ? ExportedPhoto.Choose(found, photos) : report == true ? ExportedPhoto.Choose(found, saved.Photos) : found) is not { } chosen)
        {
            return Problems.NotFound;
        }

        var most = format == "html" ? MaxPhotosOfPage : MaxPhotos;
        if (chosen.Count > most)
        {
            return Problems.Of(422, "too-many-photos", $"These are {chosen.Count} photos; one export has at most {most}.", "Name fewer of them with `photos`.");
        }

        response.Headers.CacheControl = "no-store";
        var written = SearchReports.Of(saved, chosen);
        if (format is "csv" or "md")
        {
            response.Headers.ContentDisposition = $"attachment; filename=findme.{format}";
            return TypedResults.Text(format == "csv" ? ReportText.Csv(written) : ReportText.Markdown(written), format == "csv" ? "text/csv" : "text/markdown", Encoding.UTF8);
        }

        if (!running.TryBegin(user.Id, response, out var busy))
        {
            return busy;
        }

        var sources = chosen.ToDictionary(photo => photo.Key, photo => photo.Photo);
        if (format == "zip")
        {
            return TypedResults.Stream(body => PhotoArchive.WriteAsync(body, written, ReadAsync, cancellationToken), "application/zip", "findme-photos.zip");
        }

        // To be looked at, saved, or printed by FindMe's own page.
        response.Headers.ContentDisposition = "inline; filename=trip-report.html";
        response.Headers.ContentSecurityPolicy = $"{ReportHtml.ContentSecurityPolicy}; frame-ancestors 'self'";
        return TypedResults.Stream(body => ReportHtml.WriteAsync(body, written, ReportHtml.Inline(ReadAsync), cancellationToken), "text/html; charset=utf-8");

        Task<PhotoFile> ReadAsync(ReportPhoto photo, CancellationToken end) => files.ReadAsync(sources[photo.Id], end);
    }
}

/// <summary>Who downloads photos just now: one file at a time a person and replica.</summary>
internal sealed class RunningExports
{
    // Nobody can tell when the other one ends.
    private const int RetrySeconds = 10;

    private readonly ConcurrentDictionary<string, bool> _people = new();

    /// <summary>Takes the person's place, until the answer is done, however it ends.</summary>
    /// <param name="person">The person's id.</param>
    /// <param name="response">The answer.</param>
    /// <param name="busy">The problem where another download of theirs is running.</param>
    public bool TryBegin(string person, HttpResponse response, [NotNullWhen(false)] out ProblemHttpResult? busy)
    {
        if (!_people.TryAdd(person, true))
        {
            response.Headers.RetryAfter = $"{RetrySeconds}";
            busy = Problems.Of(429, "export-running", "A download of yours is still running.", "Wait until it is done, or cancel it, and try again.");
            return false;
        }

        busy = null;
        response.RegisterForDispose(new Place(this, person));
        return true;
    }

    private sealed class Place(RunningExports exports, string person) : IDisposable
    {
        public void Dispose() => exports._people.TryRemove(person, out _);
    }
}
