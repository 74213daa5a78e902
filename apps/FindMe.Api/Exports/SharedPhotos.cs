using System.Globalization;
using System.Net;
using System.Text;
using Dapr.Client;
using FindMe.Faces;
using FindMe.Pipeline;
using FindMe.Reports;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Caching.Memory;

namespace FindMe.Api;

/// <summary>What a link shows to everybody who has it: the chosen photos and where they were posted, and nothing else of the search or its person.</summary>
/// <remarks>
/// Pictures are re-encoded, without the place where they were taken. Texts of posts are left out: a network may have shown them to the person who
/// searched, and to nobody else. Whether the link works is read from the store before anything is answered, also what is in memory.
/// </remarks>
internal static class SharedPhotos
{
    // A screen's width; the original is available from the person who posted it.
    private const int Side = 1_600;

    private const string DefaultTitle = "Shared photos";

    public static void MapSharedPhotos(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/s/{token}", ShowAsync).RequireRateLimiting(RequestRates.Shares)
            .Produces(200, contentType: "text/html").WithSummary("The page of a link to shared photos.");
        routes.MapGet("/s/{token}/{number:int}", ShowPhotoAsync).RequireRateLimiting(RequestRates.Shares)
            .Produces(200, contentType: "image/jpeg").WithSummary("A photo of that page, counted from 1.");
    }

    /// <summary>The address of a link.</summary>
    public static string AddressOf(HttpRequest request, string token) => $"{request.Scheme}://{request.Host}/s/{token}";

    private static async Task<Results<PushStreamHttpResult, ContentHttpResult>> ShowAsync(
        string token, DaprClient dapr, SearchReader reader, PersonDocuments documents, TimeProvider time, HttpContext context, CancellationToken cancellationToken)
    {
        KeepToReaders(context.Response);
        context.Response.Headers.ContentSecurityPolicy = $"{ReportHtml.ContentSecurityPolicy}; frame-ancestors 'none'";
        if (await TryReadAsync(token, dapr, time, cancellationToken) is not var (hash, share)
            || await reader.TryReadAsync(share.Search, share.Person, cancellationToken) is not { } snapshot
            || !snapshot.Search.Shares.Contains(hash))
        {
            return Gone();
        }

        var found = ExportedPhoto.Of(snapshot);
        var known = ExportedPhoto.ById(found);
        var chosen = share.Photos.Where(known.ContainsKey).Select(key => known[key]).ToList();
        if (chosen.Count == 0)
        {
            return Gone();
        }

        // A photo keeps its number when another one goes.
        var numbers = share.Photos.Index().ToDictionary(photo => photo.Item, photo => photo.Index + 1);
        var (saved, _) = await documents.ReadReportAsync(snapshot, found, cancellationToken);
        var report = SearchReports.Of(saved with { Captions = new Dictionary<string, string>(), Cover = null }, chosen);
        report = report with { Title = report.Title.Length > 0 ? report.Title : DefaultTitle, Photos = [.. report.Photos.Select(photo => photo with { Name = $"Photo {numbers[photo.Id]}", Text = "" })] };

        var address = AddressOf(context.Request, token);
        var preview = report.Photos.Where(photo => !photo.IsLinkOnly).Select(photo => $"{address}/{numbers[photo.Id]}").FirstOrDefault();
        var frame = new ReportFrame(
            Card(report.Title, chosen.Count, address, preview),
            $"<p>Shared with FindMe. This link works until {share.ExpiresAt.UtcDateTime.ToString("d MMMM yyyy, HH:mm 'UTC'", CultureInfo.InvariantCulture)}.</p>");
        return TypedResults.Stream(
            body => ReportHtml.WriteAsync(body, report, (photo, _) => Task.FromResult(new ReportPicture($"/s/{token}/{numbers[photo.Id]}")), cancellationToken, frame), "text/html; charset=utf-8");
    }

    private static async Task<Results<FileContentHttpResult, ProblemHttpResult>> ShowPhotoAsync(
        string token, int number, DaprClient dapr, SearchReader reader, ExportedFiles files, FaceReader faces, IMemoryCache cache, TimeProvider time, HttpContext context, CancellationToken cancellationToken)
    {
        KeepToReaders(context.Response);
        if (await TryReadAsync(token, dapr, time, cancellationToken) is not var (hash, share)
            || number < 1
            || number > share.Photos.Count
            || share.Photos[number - 1].Split('-').Select(int.Parse).ToList() is not [var listing, var index]
            || await reader.TryReadFoundPhotoAsync(share.Search, share.Person, listing, index, cancellationToken) is not var (search, photo)
            || !search.Shares.Contains(hash)
            || photo.Post.Network == SourceNames.X)
        {
            return Problems.NotFound;
        }

        if (!cache.TryGetValue<byte[]>((hash, number), out var jpeg))
        {
            if (await files.ReadAsync(photo, cancellationToken) is not { Bytes: { } bytes })
            {
                return Problems.NotFound;
            }

            try
            {
                jpeg = await faces.RenderAsync(bytes, Side, cancellationToken);
            }
            catch (PhotoException)
            {
                return Problems.NotFound;
            }

            SearchPhotos.Keep(cache, (hash, number), jpeg);
        }

        return TypedResults.File(jpeg!, "image/jpeg");
    }

    // Neither the person's own document nor their search may be on its way out.
    private static async Task<(string Hash, Share Share)?> TryReadAsync(string token, DaprClient dapr, TimeProvider time, CancellationToken cancellationToken) =>
        ShareToken.HashOf(token) is { } hash
        && await dapr.GetStateAsync<Share>(StateKeys.Store, StateKeys.Share(hash), cancellationToken) is { } share
        && share.ExpiresAt > time.GetUtcNow()
        && await dapr.GetStateAsync<Person>(StateKeys.Store, StateKeys.Person(share.Person), cancellationToken) is { Deleting: false }
            ? (hash, share)
            : null;

    private static void KeepToReaders(HttpResponse response)
    {
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Robots-Tag"] = "noindex, nofollow, noarchive";
    }

    // What programs show of a link that somebody pastes: https://ogp.me
    private static string Card(string title, int photos, string address, string? picture)
    {
        var card = new List<(string Name, string Content)>
        {
            ("og:type", "website"), ("og:site_name", "FindMe"), ("og:title", title), ("og:description", photos == 1 ? "1 photo" : $"{photos} photos"), ("og:url", address),
        };
        if (picture is not null)
        {
            card.AddRange([("og:image", picture), ("og:image:type", "image/jpeg"), ("og:image:alt", "The first of the photos"), ("twitter:card", "summary_large_image")]);
        }

        return string.Concat(card.Select(entry => $"<meta {(entry.Name.StartsWith("og:", StringComparison.Ordinal) ? "property" : "name")}=\"{entry.Name}\" content=\"{WebUtility.HtmlEncode(entry.Content)}\">\n"));
    }

    private static ContentHttpResult Gone() => TypedResults.Text(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>Not here – FindMe</title></head>"
        + "<body><h1>These photos are not shared any more</h1><p>The link has expired or is incomplete. Ask the person who sent it to you.</p></body></html>",
        "text/html",
        Encoding.UTF8,
        StatusCodes.Status404NotFound);
}
