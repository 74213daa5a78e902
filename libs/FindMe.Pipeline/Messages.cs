namespace FindMe.Pipeline;

/// <summary>
/// One step of a search. With <see cref="Wave"/>: let that wave of photos go to the comparers. Without: list the page
/// <see cref="Page"/> of its source, then let go what may go.
/// </summary>
/// <remarks>Names a search and holds nothing of the person: who and where stand in the state under <see cref="StateKeys.Search"/>.</remarks>
public sealed record SearchRequest
{
    /// <summary>The version of this message's shape. Readers accept this one and older ones.</summary>
    public int Schema { get; init; } = 2;

    /// <summary>The search.</summary>
    public required string SearchId { get; init; }

    /// <summary>The page to list, counted from 0.</summary>
    public int Page { get; init; }

    /// <summary>The wave to let go, counted from 0 over the whole search; null: list a page.</summary>
    public int? Wave { get; init; }

    /// <summary><see cref="Search.Turn"/> when this was asked for: the same page asked for after a wait is another event.</summary>
    public int Turn { get; init; }

    /// <summary>The event's id, the same whenever the same step is asked for again.</summary>
    public string EventId() => Wave is { } wave ? $"{SearchId}/wave/{wave}" : Turn == 0 ? $"{SearchId}/page/{Page}" : $"{SearchId}/page/{Page}/turn/{Turn}";
}

/// <summary>One photo to compare with the face that a search looks for.</summary>
/// <remarks>A locator travels, never the photo; which face is looked for stands encrypted in the state, never in an event.</remarks>
public sealed record TweetImage
{
    /// <summary>The version of this message's shape. Readers accept this one and older ones.</summary>
    public int Schema { get; init; } = 2;

    /// <summary>The search that this photo belongs to.</summary>
    public required string SearchId { get; init; }

    /// <summary>The listing of the page that the photo stands on: <see cref="SearchPage.Listing"/>.</summary>
    public required int Listing { get; init; }

    /// <summary>The photo's place on its page, counted from 0.</summary>
    public required int Index { get; init; }

    /// <summary>How many photos the page has, which says in which shard the photo lies.</summary>
    public required int PagePhotos { get; init; }

    /// <summary>The first wave of the page, counted over the whole search.</summary>
    public required int FirstWave { get; init; }

    /// <summary>Where the photo is had.</summary>
    public required PhotoLocator Photo { get; init; }

    /// <summary>The event's id, the same whenever the same photo is sent again.</summary>
    public string EventId() => $"{SearchId}/photo/{Listing}/{Index}";
}

/// <summary>Where a photo is had: in an album, in an upload, or at an address of the web.</summary>
/// <remarks>Schema 1 knew albums only, in the same two members.</remarks>
public sealed record PhotoLocator
{
    /// <summary>The name of an album that the operator offers; null: it lies elsewhere.</summary>
    public string? Album { get; init; }

    /// <summary>The id of an upload; null: it lies elsewhere.</summary>
    public string? Upload { get; init; }

    /// <summary>The photo's path below the album's folder, with <c>/</c> between its parts, or its number in the upload.</summary>
    public string? Path { get; init; }

    /// <summary>Its address, in the size that serves; null: it lies elsewhere.</summary>
    public string? Url { get; init; }

    /// <summary>The address of a larger version, for photos whose faces are small; null: there is none.</summary>
    public string? OriginalUrl { get; init; }

    /// <summary>A photo of an album.</summary>
    /// <param name="album">The album's name.</param>
    /// <param name="path">The path below its folder.</param>
    public static PhotoLocator InAlbum(string album, string path) => new() { Album = album, Path = path };

    /// <summary>A photo of an upload.</summary>
    /// <param name="upload">The upload's id.</param>
    /// <param name="number">The photo's number in it, from 0.</param>
    public static PhotoLocator InUpload(string upload, int number) => new() { Upload = upload, Path = $"{number}" };

    /// <summary>A photo on the web.</summary>
    /// <param name="url">The size that serves.</param>
    /// <param name="originalUrl">A larger version; null: there is none.</param>
    public static PhotoLocator At(string url, string? originalUrl = null) => new() { Url = url, OriginalUrl = originalUrl };
}
