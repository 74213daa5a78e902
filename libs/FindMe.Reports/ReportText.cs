using System.Text;

namespace FindMe.Reports;

/// <summary>A report as CSV and as Markdown.</summary>
public static class ReportText
{
    /// <summary>What is said of X's photos.</summary>
    public const string LinkOnly = "X allows a link to its posts, not a copy of their pictures.";

    /// <summary>RFC 4180, with a byte order mark: spreadsheets take it for UTF-8 then.</summary>
    /// <param name="lines">A line each.</param>
    public static string Csv(IEnumerable<ReportLine> lines)
    {
        var csv = new StringBuilder("\uFEFFfile,network,author,time,link,text,caption,video_time,note\r\n");
        foreach (var (photo, file, note) in lines)
        {
            csv.AppendJoin(',', new[] { file, photo.Network, photo.Author, photo.TimeText, photo.Link, photo.Text, photo.Caption, photo.VideoTimeText, note }.Select(Field)).Append("\r\n");
        }

        return csv.ToString();
    }

    /// <summary>The same without files.</summary>
    /// <param name="report">The report.</param>
    public static string Csv(TripReport report) => Csv(report.Photos.Select(photo => new ReportLine(photo, "", photo.IsLinkOnly ? LinkOnly : "")));

    /// <summary>Markdown: the title, the event and its days, then one list item a photo.</summary>
    /// <param name="report">The report.</param>
    public static string Markdown(TripReport report)
    {
        var markdown = new StringBuilder($"# {Escaped(report.Heading)}\n");
        if (Joined(report.Event, report.Days) is { Length: > 0 } about)
        {
            markdown.Append($"\n{about}\n");
        }

        foreach (var photo in report.Photos)
        {
            var name = Escaped(photo.IsLinkOnly ? "Post on X" : photo.Name);
            var words = Joined(photo.Caption, photo.TimeText, photo.Author, photo.Text, photo.VideoTime is null ? "" : $"at {photo.VideoTimeText}", photo.IsLinkOnly ? LinkOnly : "");
            markdown.Append($"\n- {(IsWeb(photo.Link) ? $"[{name}](<{photo.Link.Replace("<", "%3C", StringComparison.Ordinal).Replace(">", "%3E", StringComparison.Ordinal)}>)" : name)}")
                .Append(words.Length > 0 ? $" · {words}" : "");
        }

        return markdown.Append('\n').ToString();
    }

    /// <summary>Whether an address may become a link: nothing that runs or leads elsewhere than to the web.</summary>
    /// <param name="address">The address, from anywhere.</param>
    public static bool IsWeb(string address) => Uri.TryCreate(address, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttps || uri.Scheme == Uri.UriSchemeHttp)
        && !address.AsSpan().ContainsAny('\n', '\r');

    private static string Joined(params string[] words) => string.Join(" · ", words.Where(word => word.Length > 0).Select(Escaped));

    // A spreadsheet takes what begins so for a formula; with an apostrophe before it, it is text.
    private static string Field(string text)
    {
        var safe = text.Length > 0 && text.TrimStart() is ['=' or '+' or '-' or '@', ..] or ['\t' or '\r' or '\n', ..] ? "'" + text : text;
        return $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    private static string Escaped(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var character in text)
        {
            escaped.Append(character switch
            {
                '\n' or '\r' or '\t' => " ",
                '\\' or '`' or '*' or '_' or '[' or ']' or '<' or '>' or '#' or '|' or '!' or '&' or '~' => $"\\{character}",
                _ => character.ToString(),
            });
        }

        return escaped.ToString();
    }
}
