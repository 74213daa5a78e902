using Dapr.Client;
using FindMe.Pipeline;
using FindMe.Reports;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace FindMe.Api;

/// <summary>A trip report as its person writes it. Cover, photos and captions name found photos of the search.</summary>
/// <param name="Title">Its title; null: none.</param>
/// <param name="Event">The event; null: none.</param>
/// <param name="From">Its first day; null: not said.</param>
/// <param name="To">Its last day; null: not said.</param>
/// <param name="Cover">The photo on the first page; null: the first one.</param>
/// <param name="Photos">The photos, in order.</param>
/// <param name="Captions">What the person says of photos, by photo; null: nothing.</param>
internal sealed record ReportBody(
    string? Title, string? Event, DateOnly? From, DateOnly? To, string? Cover, IReadOnlyList<string>? Photos, IReadOnlyDictionary<string, string>? Captions);

/// <summary>A trip report. Version: its ETag, without quotes; null: it was never saved, and is what FindMe proposes.</summary>
internal sealed record ReportView(
    string Title, string Event, DateOnly? From, DateOnly? To, string? Cover, IReadOnlyList<string> Photos, IReadOnlyDictionary<string, string> Captions, string? Version);

/// <summary>A trip report as it is kept, encrypted under its person's key. Photos stand in it by their short ids.</summary>
internal sealed record SavedReport(
    string Title, string Event, DateOnly? From, DateOnly? To, string? Cover, IReadOnlyList<string> Photos, IReadOnlyDictionary<string, string> Captions) : Document
{
    /// <summary>What is proposed where nothing was saved: all found photos, oldest first, those without a time last.</summary>
    public static SavedReport Of(IEnumerable<ExportedPhoto> found) =>
        new("", "", null, null, null, [.. found.OrderBy(photo => photo.Photo.Post.CreatedAt ?? DateTimeOffset.MaxValue).Select(photo => photo.Key)], new Dictionary<string, string>());
}

/// <summary>GET and PUT the trip report of a search: its words and the choice and order of its photos. It lives and is deleted with the search.</summary>
internal static class SearchReports
{
    private const int MaxTitle = 200;
    private const int MaxCaption = 1_000;
    private const int MaxCaptions = 100_000;

    // 5,000 photos by names of 150 characters, and the captions.
    private const int MaxBodyBytes = 1 << 20;

    public static void MapSearchReports(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/searches/{id}/report", ReadAsync).RequireCaller(otherwise: Problems.NotFound)
            .WithSummary("The trip report of a search, or what FindMe proposes where none was saved.");
        routes.MapPut("/api/searches/{id}/report", SaveAsync).RequireCaller(otherwise: Problems.NotFound).WithMetadata(new RequestSizeLimitAttribute(MaxBodyBytes))
            .WithSummary("Save the trip report. If-Match: the ETag of the version that it replaces; without it, it replaces any.");
    }

    /// <summary>The report of a search; what is proposed where none was saved. Photos that no longer count as found are left out.</summary>
    public static async Task<(SavedReport Report, string? Version)> ReadReportAsync(
        this PersonDocuments documents, SearchSnapshot snapshot, IReadOnlyList<ExportedPhoto> found, CancellationToken cancellationToken)
    {
        var (saved, version) = await documents.ReadAsync<SavedReport>(snapshot.Search.Person, StateKeys.Report(snapshot.Search.Id), cancellationToken);
        if (saved is null)
        {
            return (SavedReport.Of(found), null);
        }

        var keys = found.Select(photo => photo.Key).ToHashSet();
        return (saved with { Photos = [.. saved.Photos.Where(keys.Contains)], Cover = saved.Cover is { } cover && keys.Contains(cover) ? cover : null }, version);
    }

    /// <summary>A report of some found photos, with the words of the saved one.</summary>
    public static TripReport Of(SavedReport saved, IReadOnlyList<ExportedPhoto> photos)
    {
        // A name for each picture that several of them show.
        var pictures = PhotoGroups.Of(photos.Select(photo => photo.Photo)).Where(group => group.Count > 1)
            .SelectMany(group => group.Select(photo => (photo.Id, Picture: group[0].Id))).DistinctBy(photo => photo.Id).ToDictionary(photo => photo.Id, photo => photo.Picture);
        var described = photos.ToDictionary(
            photo => photo.Key, photo => photo.Describe(pictures.GetValueOrDefault(photo.Photo.Id), saved.Captions.GetValueOrDefault(photo.Key, "")));
        return new TripReport(saved.Title, [.. photos.Select(photo => described[photo.Key])])
        {
            Event = saved.Event,
            From = saved.From,
            To = saved.To,
            Cover = saved.Cover is { } cover ? described.GetValueOrDefault(cover) : null,
        };
    }

    private static async Task<Results<Ok<ReportView>, ProblemHttpResult>> ReadAsync(
        string id, CurrentUser user, SearchReader reader, PersonDocuments documents, HttpResponse response, CancellationToken cancellationToken)
    {
        if (await reader.TryReadAsync(id, user.Id, cancellationToken) is not { } snapshot)
        {
            return Problems.NotFound;
        }

        var found = ExportedPhoto.Of(snapshot);
        var (report, version) = await documents.ReadReportAsync(snapshot, found, cancellationToken);
        return View(report, version, found, response);
    }

    private static async Task<Results<Ok<ReportView>, ProblemHttpResult>> SaveAsync(
        string id, ReportBody body, CurrentUser user, SearchReader reader, PersonDocuments documents, PhotoKeeping keeping, DaprClient dapr, TimeProvider time, HttpContext context, CancellationToken cancellationToken)
    {
        if (await reader.TryReadAsync(id, user.Id, cancellationToken) is not { } snapshot)
        {
            return Problems.NotFound;
        }

        var found = ExportedPhoto.Of(snapshot);
        var (wanted, problem) = Check(body, found);
        if (wanted is null)
        {
            return problem!;
        }

        var expected = context.Request.Headers.IfMatch.ToString().Trim('"');
        var version = await documents.UpdateAsync<SavedReport>(
            user.Id,
            StateKeys.Report(id),
            (_, current) => expected.Length == 0 || expected == (current ?? "new") ? wanted : null,
            snapshot.Search.TimeToLive(time.GetUtcNow()),
            cancellationToken);
        if (version is null)
        {
            return Problems.Of(412, "report-changed", "The report was changed elsewhere meanwhile.", "Read it again; or send it without If-Match to replace what was written there.");
        }

        var chosen = wanted.Photos.ToHashSet();
        await keeping.KeepAsync(
            snapshot.Search, PhotoKeeping.Report, found.Where(photo => chosen.Contains(photo.Key)), snapshot.Search.ExpiresAt, cancellationToken);

        // The search or everything was deleted meanwhile: nothing of this may stay.
        if (await dapr.UpdatePersonAsync(user.Id, person => person, cancellationToken) is null)
        {
            await documents.ForgetAsync(user.Id, StateKeys.Report(id), CancellationToken.None);
            return Problems.NotFound;
        }

        if (await reader.TryReadAsync(id, user.Id, cancellationToken) is null)
        {
            await documents.DeleteAsync(StateKeys.Report(id), CancellationToken.None);
            await keeping.ReleaseAsync(snapshot.Search, PhotoKeeping.Report, CancellationToken.None);
            return Problems.NotFound;
        }

        return View(wanted, version, found, context.Response);
    }

    private static Ok<ReportView> View(SavedReport report, string? version, IReadOnlyList<ExportedPhoto> found, HttpResponse response)
    {
        var ids = found.ToDictionary(photo => photo.Key, photo => photo.Photo.Id);
        response.Headers.ETag = $"\"{version ?? "new"}\"";
        response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(new ReportView(
            report.Title,
            report.Event,
            report.From,
            report.To,
            report.Cover is { } cover ? ids[cover] : null,
            [.. report.Photos.Select(key => ids[key])],
            report.Captions.Where(caption => ids.ContainsKey(caption.Key)).ToDictionary(caption => ids[caption.Key], caption => caption.Value),
            version));
    }

    private static (SavedReport? Report, ProblemHttpResult? Problem) Check(ReportBody body, IReadOnlyList<ExportedPhoto> found)
    {
        var known = ExportedPhoto.ById(found);
        var captions = body.Captions ?? new Dictionary<string, string>();
        if (body.Photos is null)
        {
            return (null, Problems.Of(400, "bad-report", "`photos` is missing.", "Send the ids of the photos, in order; an empty list for none."));
        }

        if (body.Title?.Length > MaxTitle || body.Event?.Length > MaxTitle)
        {
            return (null, Problems.Of(400, "bad-report", $"`title` and `event` have at most {MaxTitle} characters.", "Shorten them."));
        }

        if (captions.Values.Any(caption => caption is null || caption.Length > MaxCaption) || captions.Values.Sum(caption => caption.Length) > MaxCaptions)
        {
            return (null, Problems.Of(400, "bad-report", $"A caption has at most {MaxCaption} characters, all together {MaxCaptions}.", "Shorten them."));
        }

        if (body.From > body.To)
        {
            return (null, Problems.Of(400, "bad-report", "The first day is after the last one.", "Exchange the two dates."));
        }

        if (body.Photos.Concat(captions.Keys).Append(body.Cover).FirstOrDefault(photo => photo is not null && !known.ContainsKey(photo)) is { } unknown)
        {
            return (null, Problems.Of(
                422, "unknown-photo", "A photo of the report is not among those found any more.", "Read the search again, and leave it out.", new() { ["photo"] = unknown }));
        }

        return (
            new SavedReport(
                body.Title ?? "",
                body.Event ?? "",
                body.From,
                body.To,
                body.Cover is { } cover ? known[cover].Key : null,
                [.. body.Photos.Where(photo => photo is not null).Select(photo => known[photo].Key).Distinct()],
                captions.Where(caption => caption.Value.Length > 0).DistinctBy(caption => known[caption.Key].Key).ToDictionary(caption => known[caption.Key].Key, caption => caption.Value)),
            null);
    }
}
