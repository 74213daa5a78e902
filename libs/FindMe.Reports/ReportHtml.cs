using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;
using FindMe.Faces;

namespace FindMe.Reports;

/// <summary>The picture of a photo in a page.</summary>
/// <param name="Source">Its address; empty: there is none.</param>
/// <param name="Note">Why there is none, or what to know of it, a sentence for a person; empty: nothing.</param>
public sealed record ReportPicture(string Source, string Note = "");

/// <summary>What a page has beside the report.</summary>
/// <param name="Head">Elements for its head.</param>
/// <param name="Footer">Elements for its foot.</param>
public sealed record ReportFrame(string Head, string Footer);

/// <summary>A report as one page that needs no server, no script and no other file but its pictures, on the screen and on paper.</summary>
public static class ReportHtml
{
    /// <summary>What a browser may do with the page: show pictures. Sent as a header, and included in the page for copies opened from a disk.</summary>
    public const string ContentSecurityPolicy = "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

    // 15 cm at 150 dots an inch: sharp on paper, and some 100 kB.
    private const int MaxSide = 1_000;

    // The header of a page with fewer pictures stays on their page, and none of them stands there twice.
    private const int FewPictures = 3;

    // Every letter as it is, so that the page can be read and searched; what means something in HTML is encoded.
    private static readonly HtmlEncoder Html = HtmlEncoder.Create(UnicodeRanges.All);

    /// <summary>Reads a photo as a picture that lies in the page itself: upright, without metadata.</summary>
    /// <param name="read">Reads a photo's file.</param>
    public static Func<ReportPhoto, CancellationToken, Task<ReportPicture>> Inline(PhotoFileReader read) => async (photo, cancellationToken) =>
    {
        var file = await read(photo, cancellationToken);
        if (file.Bytes is not { } bytes)
        {
            return new ReportPicture("", file.Note);
        }

        try
        {
            return new ReportPicture($"data:image/jpeg;base64,{Convert.ToBase64String(PhotoRendering.ToJpeg(bytes, MaxSide))}");
        }
        catch (PhotoException exception)
        {
            return new ReportPicture("", exception.Message);
        }
    };

    /// <summary>Writes the page, one picture at a time in memory.</summary>
    /// <param name="body">Where to; only ever written to asynchronously. It stays open.</param>
    /// <param name="report">The report.</param>
    /// <param name="picture">The picture of a photo that is not <see cref="ReportPhoto.IsLinkOnly"/>; may be asked for twice.</param>
    /// <param name="cancellationToken">Gives up; the page is not whole then.</param>
    /// <param name="frame">What it has beside the report, as HTML; null: nothing.</param>
    public static async Task WriteAsync(Stream body, TripReport report, Func<ReportPhoto, CancellationToken, Task<ReportPicture>> picture, CancellationToken cancellationToken, ReportFrame? frame = null)
    {
        await using var page = new StreamWriter(body, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), bufferSize: 1 << 14, leaveOpen: true);
        var entries = report.Photos.GroupBy(photo => photo.Picture ?? (object)photo).Select(group => group.ToList()).ToList();
        var isShort = entries.Count < FewPictures;
        await page.WriteAsync($"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="{ContentSecurityPolicy.Replace("'self'", "'self' file:", StringComparison.Ordinal)}">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="robots" content="noindex">
            <title>{Encode(report.Heading)}</title>
            {frame?.Head}
            <style>{ReportStyle.Css}</style>
            </head>
            <body{(isShort ? " class=\"short\"" : "")}>
            <header>
            <h1 dir="auto">{Encode(report.Heading)}</h1>
            {(report.Event.Length > 0 ? $"<p class=\"event\" dir=\"auto\">{Encode(report.Event)}</p>" : "")}
            {(report.Days is { Length: > 0 } days ? $"<p class=\"days\">{Encode(days)}</p>" : "")}

            """);
        if (!isShort && (report.Cover ?? report.Photos.FirstOrDefault(photo => !photo.IsLinkOnly)) is { IsLinkOnly: false } cover)
        {
            await WritePictureAsync(page, await picture(cover, cancellationToken), "cover", "", cancellationToken);
        }

        await page.WriteAsync($"{Totals(report, entries.Count)}{ReportTimeline.Svg(report.Photos)}</header>\n<main>\n");
        DateOnly? day = null;
        var isOpen = false;
        foreach (var photos in entries)
        {
            if (!isOpen || photos[0].Day != day)
            {
                day = photos[0].Day;
                var hasDays = day is not null || isOpen;
                await page.WriteAsync($"{(isOpen ? "</ol>\n" : "")}{(hasDays ? $"<h2>{day?.ToString("dddd, d MMMM yyyy", CultureInfo.InvariantCulture) ?? "Without a date"}</h2>\n" : "")}<ol>\n");
                isOpen = true;
            }

            await WriteEntryAsync(page, photos, picture, cancellationToken);
        }

        await page.WriteAsync($"{(isOpen ? "</ol>\n" : "<p>There are no photos in this report.</p>\n")}</main>\n{(frame is null ? "" : $"<footer>{frame.Footer}</footer>\n")}</body>\n</html>\n");
        await page.FlushAsync(cancellationToken);
    }

    private static async Task WriteEntryAsync(StreamWriter page, List<ReportPhoto> photos, Func<ReportPhoto, CancellationToken, Task<ReportPicture>> picture, CancellationToken cancellationToken)
    {
        var caption = photos.Select(photo => photo.Caption).FirstOrDefault(words => words.Length > 0) ?? "";
        var shown = photos.FirstOrDefault(photo => !photo.IsLinkOnly);
        await page.WriteAsync($"<li><figure{(shown is null ? " class=\"link-only\"" : "")}>\n");
        var note = ReportText.LinkOnly;
        if (shown is not null)
        {
            var seen = await picture(shown, cancellationToken);
            note = seen.Note;
            await WritePictureAsync(page, seen, "photo", caption.Length > 0 ? caption : shown.Text.Length > 0 ? shown.Text : shown.Name, cancellationToken);
        }

        await page.WriteAsync("<figcaption>\n");
        await page.WriteAsync(caption.Length > 0 ? $"<p class=\"caption\" dir=\"auto\">{Encode(caption)}</p>\n" : "");
        await page.WriteAsync(photos.Count > 1 ? $"<p class=\"copies\">{photos.Count} copies of this picture</p>\n" : "");
        foreach (var photo in photos)
        {
            await page.WriteAsync(Source(photo));
        }

        await page.WriteAsync($"{(note.Length > 0 ? $"<p class=\"note\">{Encode(note)}</p>\n" : "")}</figcaption></figure></li>\n");
    }

    private static async Task WritePictureAsync(StreamWriter page, ReportPicture picture, string kind, string words, CancellationToken cancellationToken)
    {
        if (picture.Source.Length > 0)
        {
            await page.WriteAsync($"<img class=\"{kind}\" alt=\"{Encode(words)}\" src=\"".AsMemory(), cancellationToken);

            // Nothing in an address made here needs encoding: base64, or a name with percent signs.
            await page.WriteAsync(picture.Source.AsMemory(), cancellationToken);
            await page.WriteAsync("\">\n".AsMemory(), cancellationToken);
        }
    }

    // Names and texts are isolated: one that is written from right to left, or holds marks of direction, turns nothing round it.
    private static string Source(ReportPhoto photo)
    {
        var parts = new List<string>();
        if (photo.Author.Length > 0)
        {
            // From left to right whatever its letters: the server stands behind the name.
            parts.Add($"<bdi dir=\"ltr\">@{Encode(photo.Author.TrimStart('@'))}</bdi>");
        }

        if (photo.NetworkTitle.Length > 0)
        {
            parts.Add(Encode(photo.NetworkTitle));
        }

        if (photo.Time is { } time)
        {
            parts.Add(time.UtcDateTime.ToString("HH:mm 'UTC'", CultureInfo.InvariantCulture));
        }

        if (photo.VideoTime is not null)
        {
            parts.Add($"at {photo.VideoTimeText} of the video");
        }

        if (parts.Count == 0 || (photo.Author.Length == 0 && photo.Link.Length == 0))
        {
            parts.Insert(0, $"<bdi>{Encode(photo.Name)}</bdi>");
        }

        var text = photo.Text.Length > 0 ? $"<p class=\"text\" dir=\"auto\">{Encode(photo.Text)}</p>\n" : "";

        // The whole address stands there: on paper nobody can follow a link.
        var link = ReportText.IsWeb(photo.Link)
            ? $"<p class=\"link\"><a dir=\"ltr\" rel=\"noreferrer noopener\" href=\"{Encode(photo.Link)}\">{Encode(photo.Link)}</a></p>\n"
            : "";
        return $"<p class=\"source\">{string.Join(" · ", parts)}</p>\n{text}{link}";
    }

    private static string Totals(TripReport report, int pictures)
    {
        var totals = new List<(string Name, int Count)>
        {
            (pictures == 1 ? "photo" : "photos", pictures),
            ("posts", report.Photos.Where(photo => photo.Link.Length > 0).Select(photo => photo.Link).Distinct().Count()),
            ("authors", report.Photos.Where(photo => photo.Author.Length > 0).Select(photo => photo.Author).Distinct().Count()),
            ("days", report.Photos.Where(photo => photo.Day is not null).Select(photo => photo.Day).Distinct().Count()),
        };
        return $"<dl class=\"totals\">{string.Concat(totals.Where((total, place) => place == 0 || total.Count > 1).Select(total => $"<div><dt>{total.Name}</dt><dd>{total.Count}</dd></div>"))}</dl>\n";
    }

    private static string Encode(string text) => Html.Encode(text);
}
