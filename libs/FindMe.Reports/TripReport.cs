using System.Globalization;

namespace FindMe.Reports;

/// <summary>Photos of a person to take away, and what the person says of them: every format is written from this.</summary>
/// <param name="Title">The title; may be empty.</param>
/// <param name="Photos">The photos, in order.</param>
public sealed record TripReport(string Title, IReadOnlyList<ReportPhoto> Photos)
{
    /// <summary>The event; may be empty.</summary>
    public string Event { get; init; } = "";

    /// <summary>Its first day; null: not said.</summary>
    public DateOnly? From { get; init; }

    /// <summary>Its last day; null: not said.</summary>
    public DateOnly? To { get; init; }

    /// <summary>The photo on the first page; null: the first one with a picture.</summary>
    public ReportPhoto? Cover { get; init; }

    /// <summary>The title, or the one of a report without one.</summary>
    internal string Heading => Title.Length > 0 ? Title : "Photos of me";

    /// <summary>The days of the event, as far as they are said; otherwise the days of the photos; empty: none is known.</summary>
    internal string Days
    {
        get
        {
            var days = Photos.Where(photo => photo.Day is not null).Select(photo => photo.Day!.Value).ToList();
            var isSaid = From is not null || To is not null;
            return (isSaid ? From ?? To : days.Count > 0 ? days.Min() : null, isSaid ? To ?? From : days.Count > 0 ? days.Max() : null) switch
            {
                ({ } one, { } other) when one == other => one.ToString("d MMMM yyyy", CultureInfo.InvariantCulture),
                ({ } one, { } other) => $"{one.ToString(one.Year != other.Year ? "d MMMM yyyy" : one.Month != other.Month ? "d MMMM" : "%d", CultureInfo.InvariantCulture)} – {other.ToString("d MMMM yyyy", CultureInfo.InvariantCulture)}",
                _ => "",
            };
        }
    }
}

/// <summary>A photo to take away.</summary>
/// <param name="Id">Names it among the photos of the report.</param>
/// <param name="Name">What its file should be called, before it is made safe; without extension if only its bytes determine that.</param>
public sealed record ReportPhoto(string Id, string Name)
{
    /// <summary>The kind of source that it comes from; may be empty.</summary>
    public string Network { get; init; } = "";

    /// <summary>What a person calls that source; may be empty.</summary>
    public string NetworkTitle { get; init; } = "";

    /// <summary>Who posted it; empty: not known.</summary>
    public string Author { get; init; } = "";

    /// <summary>Where a person can see the post; empty: nowhere. It comes from outside: only <see cref="ReportText.IsWeb"/> tells whether it may become a link.</summary>
    public string Link { get; init; } = "";

    /// <summary>What its author says of it; may be empty.</summary>
    public string Text { get; init; } = "";

    /// <summary>What the person says of it; may be empty.</summary>
    public string Caption { get; init; } = "";

    /// <summary>When it was posted; null: not known.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>When the person is to be seen in the post's video, of which the picture is a frame; null: it is a photo.</summary>
    public TimeSpan? VideoTime { get; init; }

    /// <summary>Only the link may be taken along, no picture and no text: X does not allow more.</summary>
    public bool IsLinkOnly { get; init; }

    /// <summary>What is equal for photos that show the same picture; null: no other one does.</summary>
    public string? Picture { get; init; }

    /// <summary>ISO 8601, in UTC; empty: not known.</summary>
    internal string TimeText => Time?.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "";

    /// <summary>Hours, minutes and seconds; empty: it is a photo.</summary>
    internal string VideoTimeText => VideoTime?.ToString(@"h\:mm\:ss", CultureInfo.InvariantCulture) ?? "";

    /// <summary>The day in UTC; null: not known.</summary>
    internal DateOnly? Day => Time is { } time ? DateOnly.FromDateTime(time.UtcDateTime) : null;
}

/// <summary>A photo's file.</summary>
/// <param name="Bytes">Its bytes; null if unavailable.</param>
/// <param name="Note">Why it is unavailable, as a sentence for people; otherwise empty.</param>
public sealed record PhotoFile(byte[]? Bytes, string Note = "");

/// <summary>Reads a photo's file.</summary>
/// <param name="photo">The photo, which is not <see cref="ReportPhoto.IsLinkOnly"/>.</param>
/// <param name="cancellationToken">Gives up.</param>
public delegate Task<PhotoFile> PhotoFileReader(ReportPhoto photo, CancellationToken cancellationToken);

/// <summary>A photo, and what became of it in an export.</summary>
/// <param name="Photo">The photo.</param>
/// <param name="File">Its file in the archive; empty: it has none.</param>
/// <param name="Note">Why it has none, or what to know of it, a sentence for a person; empty: nothing.</param>
public sealed record ReportLine(ReportPhoto Photo, string File, string Note);
