using System.Text.Json;
using System.Text.Json.Serialization;
using FindMe.Faces;

namespace FindMe.Cli;

/// <summary>How <c>findme album</c> writes what it finds.</summary>
internal enum AlbumForm
{
    /// <summary>One file per line; with its confidence on a terminal.</summary>
    Lines,

    /// <summary>Exact names, each followed by a NUL.</summary>
    Names,

    /// <summary>One JSON object per line.</summary>
    Json,

    /// <summary>RFC 4180, with a header.</summary>
    Csv,
}

/// <summary>Counts the verdicts on the photos of an album. Safe for concurrent use.</summary>
internal sealed class AlbumSummary
{
    private int _matches;
    private int _maybes;
    private int _others;
    private int _unreadable;
    private int _compared;

    public int Matches => _matches;

    public int Maybes => _maybes;

    /// <summary>Photos that could be read.</summary>
    public int Compared => _compared;

    /// <summary>Photos that could not be read.</summary>
    public int Unreadable => _unreadable;

    /// <summary>Files that neither are pictures nor have a picture's extension.</summary>
    public int Others => _others;

    public int Found(bool maybe) => _matches + (maybe ? _maybes : 0);

    public void Count(MatchKind verdict)
    {
        Interlocked.Increment(ref _compared);
        if (verdict == MatchKind.Match)
        {
            Interlocked.Increment(ref _matches);
        }
        else if (verdict == MatchKind.Maybe)
        {
            Interlocked.Increment(ref _maybes);
        }
    }

    public void CountUnreadable() => Interlocked.Increment(ref _unreadable);

    public void CountOther() => Interlocked.Increment(ref _others);
}

/// <summary>Writes what <c>findme album</c> finds: the photos to standard output, the summary to standard error.</summary>
/// <param name="form">The form of the lines.</param>
internal sealed class AlbumOutput(AlbumForm form)
{
    public void Begin(Screen screen)
    {
        if (form == AlbumForm.Csv)
        {
            screen.Write("file,verdict,confidence,distance,x,y,width,height,copy");
        }
    }

    public void Write(Screen screen, string path, PhotoVerdict verdict, string? copy)
    {
        var box = verdict.Box!.Value;
        var kind = verdict.Kind == MatchKind.Match ? "match" : "maybe";
        switch (form)
        {
            case AlbumForm.Names:
                screen.Write(path, '\0');
                break;
            case AlbumForm.Json:
                var photo = new AlbumPhoto(path, kind, verdict.Confidence!.Value, verdict.Distance!.Value, BoxView.Of(box), copy);
                screen.Write(JsonSerializer.Serialize(photo, AlbumJson.Default.AlbumPhoto));
                break;
            case AlbumForm.Csv:
                screen.Write($"{Csv(path)},{kind},{verdict.Confidence:0.0000},{verdict.Distance:0.0000},{box.X:0},{box.Y:0},{box.Width:0},{box.Height:0},{Csv(copy ?? "")}");
                break;
            default:
                screen.Write(Screen.IsForPeople ? $"{(verdict.Kind == MatchKind.Match ? Screen.Green(kind) : Screen.Yellow(kind))} {verdict.Confidence:0 %}\t{Screen.OneLine(path)}" : Screen.OneLine(path));
                break;
        }
    }

    public void End(Screen screen, AlbumSummary summary, TimeSpan elapsed)
    {
        if (form == AlbumForm.Json)
        {
            var counts = new AlbumCounts(summary.Matches, summary.Maybes, summary.Compared, summary.Unreadable, summary.Others, Math.Round(elapsed.TotalSeconds, 2));
            screen.Write(JsonSerializer.Serialize(new AlbumEnd(counts), AlbumJson.Default.AlbumEnd));
            return;
        }

        var unreadable = summary.Unreadable == 0 ? "" : $", {summary.Unreadable} could not be read";
        var others = summary.Others == 0 ? "" : $", {summary.Others} other {(summary.Others == 1 ? "file" : "files")}";
        screen.Note($"{summary.Matches} of {summary.Compared} photos match, {summary.Maybes} maybe{unreadable}{others}; {elapsed.TotalSeconds:0.0} s.");
    }

    // RFC 4180: a field with a comma, a quote or a line break is quoted, and its quotes are doubled.
    private static string Csv(string field) => field.AsSpan().IndexOfAny(",\"\r\n") < 0 ? field : $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}

/// <summary>A face's box, in pixels of the upright photo.</summary>
internal sealed record BoxView(float X, float Y, float Width, float Height)
{
    public static BoxView Of(Box box) => new(MathF.Round(box.X), MathF.Round(box.Y), MathF.Round(box.Width), MathF.Round(box.Height));
}

/// <summary>A photo that shows the person.</summary>
internal sealed record AlbumPhoto(string File, string Verdict, float Confidence, float Distance, BoxView Box, string? Copy);

/// <summary>The last line.</summary>
internal sealed record AlbumEnd(AlbumCounts Summary);

/// <summary>The number of photos by verdict.</summary>
internal sealed record AlbumCounts(int Matches, int Maybes, int Compared, int Unreadable, int OtherFiles, double Seconds);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AlbumPhoto))]
[JsonSerializable(typeof(AlbumEnd))]
internal sealed partial class AlbumJson : JsonSerializerContext;
