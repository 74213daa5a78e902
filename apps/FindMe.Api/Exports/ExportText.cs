using System.Text;

namespace FindMe.Api;

/// <summary>An exported photo, and what became of it.</summary>
/// <param name="Photo">The photo.</param>
/// <param name="File">Its file in the archive; empty: it has none.</param>
/// <param name="Note">Why it has none, or what to know of it, a sentence for a person; empty: nothing.</param>
internal sealed record ExportLine(ExportedPhoto Photo, string File, string Note);

/// <summary>The list of exported photos as CSV and as Markdown.</summary>
internal static class ExportText
{
    /// <summary>What is said of X's photos.</summary>
    public const string LinkOnly = "X allows a link to its posts, not a copy of their pictures.";

    /// <summary>RFC 4180, with a byte order mark: spreadsheets take it for UTF-8 then.</summary>
    public static string Csv(IEnumerable<ExportLine> lines)
    {
        var csv = new StringBuilder("\uFEFFfile,network,author,time,link,text,video_time,note\r\n");
        foreach (var (photo, file, note) in lines)
        {
            csv.AppendJoin(',', new[] { file, photo.Network, photo.Author, photo.Time, photo.Link, photo.Text, photo.VideoTime, note }.Select(Field)).Append("\r\n");
        }

        return csv.ToString();
    }

    /// <summary>One list item a photo.</summary>
    public static string Markdown(string title, IEnumerable<ExportLine> lines)
    {
        var markdown = new StringBuilder($"# {Escaped(title)}\n");
        foreach (var (photo, _, note) in lines)
        {
            var words = new[] { photo.Time, photo.Author, photo.Text, photo.VideoTime.Length > 0 ? $"at {photo.VideoTime}" : "", note }.Where(word => word.Length > 0).Select(Escaped);
            var name = Escaped(photo.IsLinkOnly ? "Post on X" : photo.Name);
            markdown.Append($"\n- {(IsWeb(photo.Link) ? $"[{name}](<{photo.Link.Replace("<", "%3C", StringComparison.Ordinal).Replace(">", "%3E", StringComparison.Ordinal)}>)" : name)}");
            foreach (var word in words)
            {
                markdown.Append($" · {word}");
            }
        }

        return markdown.Append('\n').ToString();
    }

    /// <summary>Whether an address may become a link: nothing that runs or leads elsewhere than to the web.</summary>
    public static bool IsWeb(string address) => Uri.TryCreate(address, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttps || uri.Scheme == Uri.UriSchemeHttp)
        && !address.AsSpan().ContainsAny('\n', '\r');

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
