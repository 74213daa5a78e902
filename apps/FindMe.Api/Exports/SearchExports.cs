using System.Collections.Concurrent;
using System.IO.Compression;
using System.Text;
using FindMe.Faces;
using FindMe.Networks;
using Microsoft.AspNetCore.Http.HttpResults;

namespace FindMe.Api;

/// <summary>GET an export: the found photos as a ZIP file of their original bytes, or a list of them as CSV or Markdown.</summary>
internal static class SearchExports
{
    // A ZIP file that a person can still open; who wants more selects fewer at a time.
    private const int MaxPhotos = 5_000;
    private const long MaxBytes = 4_000_000_000;

    private const string Credits = "credits.csv";

    // Nobody can tell when the other one ends.
    private const int RetrySeconds = 10;

    public static void AddSearchExports(this IServiceCollection services) => services.AddSingleton<RunningExports>();

    public static void MapSearchExports(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/api/searches/{id}/export", ExportAsync).RequireCaller(otherwise: Problems.NotFound)
            .Produces(200, contentType: "application/zip")
            .WithSummary("The found photos: format=zip (the default), csv or md. photos: ids of found photos; without it all of them.");

    private static async Task<Results<PushStreamHttpResult, ContentHttpResult, ProblemHttpResult>> ExportAsync(
        string id, string? format, string[]? photos, CurrentUser user, SearchReader reader, RunningExports running, PhotoReading reading, VideoPictures frames, HttpResponse response, CancellationToken cancellationToken)
    {
        if (await reader.TryReadAsync(id, user.Id, cancellationToken) is not { } snapshot)
        {
            return Problems.NotFound;
        }

        format ??= "zip";
        if (format is not ("zip" or "csv" or "md"))
        {
            return Problems.Of(400, "unknown-format", "`format` must be zip, csv or md.", "Leave it out for a ZIP file.");
        }

        var found = ExportedPhoto.Of(snapshot);
        if ((photos is { Length: > 0 } ? ExportedPhoto.Choose(found, photos) : found) is not { } chosen)
        {
            return Problems.NotFound;
        }

        if (chosen.Count > MaxPhotos)
        {
            return Problems.Of(422, "too-many-photos", $"These are {chosen.Count} photos; one export has at most {MaxPhotos}.", "Name fewer of them with `photos`.");
        }

        response.Headers.CacheControl = "no-store";
        if (format != "zip")
        {
            var lines = chosen.Select(photo => new ExportLine(photo, "", photo.IsLinkOnly ? ExportText.LinkOnly : ""));
            response.Headers.ContentDisposition = $"attachment; filename=findme.{format}";
            return TypedResults.Text(
                format == "csv" ? ExportText.Csv(lines) : ExportText.Markdown("Photos of me", lines), format == "csv" ? "text/csv" : "text/markdown", Encoding.UTF8);
        }

        if (running.TryBegin(user.Id) is not { } place)
        {
            response.Headers.RetryAfter = $"{RetrySeconds}";
            return Problems.Of(429, "export-running", "A download of yours is still running.", "Wait until it is done, or cancel it, and try again.");
        }

        // Free again when the answer is done, however it ends.
        response.RegisterForDispose(place);
        return TypedResults.Stream(
            async body =>
            {
                await using var deferred = new DeferredWrites(body);
                await WriteZipAsync(deferred, chosen, reading, frames, cancellationToken);
                await deferred.FlushAsync(cancellationToken);
            },
            "application/zip",
            "findme-photos.zip");
    }

    // One photo at a time is in memory. Stored: photos hardly shrink, and their bytes stay what they are.
    private static async Task WriteZipAsync(Stream body, List<ExportedPhoto> photos, PhotoReading reading, VideoPictures frames, CancellationToken cancellationToken)
    {
        var names = new FileNames(Credits);
        var lines = new List<ExportLine>(photos.Count);
        var written = 0L;
        await using var zip = await ZipArchive.CreateAsync(body, ZipArchiveMode.Create, leaveOpen: true, entryNameEncoding: null, cancellationToken);
        foreach (var photo in photos)
        {
            if (photo.IsLinkOnly || written > MaxBytes)
            {
                lines.Add(new ExportLine(photo, "", photo.IsLinkOnly ? ExportText.LinkOnly : "The archive is full: download fewer photos at a time."));
                continue;
            }

            byte[] bytes;
            string extension;
            try
            {
                bytes = photo.Photo.Verdict!.FrameAt is { } seconds
                    ? await frames.ReadAsync(photo.Photo.Locator, TimeSpan.FromSeconds(seconds), cancellationToken)
                    : await reading.TryReadOriginalAsync(photo.Photo.Locator, cancellationToken) ?? await reading.ReadAsync(photo.Photo.Locator, cancellationToken);
                extension = PhotoRendering.ExtensionOf(bytes);
            }
            catch (Exception exception) when (exception is PhotoUnavailableException or PhotoUnreachableException or PhotoException)
            {
                lines.Add(new ExportLine(photo, "", exception.Message));
                continue;
            }

            var name = names.Take(photo.Name, extension);
            var entry = zip.CreateEntry(name, CompressionLevel.NoCompression);
            if (photo.Photo.Post.CreatedAt is { Year: >= 1980 and < 2108 } time)
            {
                entry.LastWriteTime = time;
            }

            await using (var content = await entry.OpenAsync(cancellationToken))
            {
                await content.WriteAsync(bytes, cancellationToken);
            }

            written += bytes.Length;
            lines.Add(new ExportLine(photo, name, photo.VideoTime.Length > 0 ? "A frame of the video." : ""));
        }

        await using var credits = await zip.CreateEntry(Credits, CompressionLevel.NoCompression).OpenAsync(cancellationToken);
        await credits.WriteAsync(Encoding.UTF8.GetBytes(ExportText.Csv(lines)), cancellationToken);
    }
}

/// <summary>Who downloads a ZIP file just now: one at a time a person and replica.</summary>
internal sealed class RunningExports
{
    private readonly ConcurrentDictionary<string, bool> _people = new();

    /// <summary>Takes the person's place.</summary>
    /// <returns>To be disposed of when the export ends; null: another one of theirs is running.</returns>
    public IDisposable? TryBegin(string person) => _people.TryAdd(person, true) ? new Place(this, person) : null;

    private sealed class Place(RunningExports exports, string person) : IDisposable
    {
        public void Dispose() => exports._people.TryRemove(person, out _);
    }
}
