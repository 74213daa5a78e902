namespace FindMe.Pipeline;

/// <summary>
/// One step of a search. With <see cref="Wave"/>: let that wave of photos go to the comparers. With <see cref="Again"/>: send the photos
/// that failed, once more. Without either: list the page <see cref="Page"/> of its source, then let go what may go.
/// </summary>
/// <remarks>Names a search and holds nothing of the person: who and where stand in the state under <see cref="StateKeys.Search"/>.</remarks>
public sealed record SearchRequest : Document
{
    /// <summary>The search.</summary>
    public required string SearchId { get; init; }

    /// <summary>The page to list, counted from 0.</summary>
    public int Page { get; init; }

    /// <summary>The wave to let go, counted from 0 over the whole search; null: list a page.</summary>
    public int? Wave { get; init; }

    /// <summary>What failed every time to try again; null: nothing.</summary>
    public RetryScope? Again { get; init; }

    /// <summary>The step has failed every time before: if it does so again, the search fails.</summary>
    public bool LastTry { get; init; }

    /// <summary>The event's id, the same whenever the same step is asked for again.</summary>
    public string EventId() => SearchId + this switch
    {
        { Again: RetryScope.Waiting } => "/again",
        { Again: RetryScope.Settled } => "/replay",
        { Wave: { } wave } => $"/wave/{wave}",
        _ => $"/page/{Page}",
    } + (LastTry ? "/last" : "");
}

/// <summary>What of a search is tried again.</summary>
public enum RetryScope
{
    /// <summary>The photos that failed every time and have waited since: once more, before they are skipped.</summary>
    Waiting,

    /// <summary>What was given up: photos skipped because they failed repeatedly, or the whole search. The operator asks for it.</summary>
    Settled,
}

/// <summary>One photo to compare with the face that a search looks for.</summary>
/// <remarks>A locator travels, never the photo; which face is looked for stands encrypted in the state, never in an event.</remarks>
public sealed record TweetImage : Document
{
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

    /// <summary>The message that sends a photo.</summary>
    /// <param name="search">The id of its search.</param>
    /// <param name="page">Its page.</param>
    /// <param name="firstWave">The first wave of that page.</param>
    /// <param name="photo">The photo.</param>
    public static TweetImage Of(string search, SearchPage page, int firstWave, ShardPhoto photo) => new()
    {
        SearchId = search,
        Listing = page.Listing,
        Index = photo.Index,
        PagePhotos = page.Photos,
        FirstWave = firstWave,
        Photo = photo.Locator,
        LastTry = photo.Failed,
    };

    /// <summary>The photo has failed every time before: if it does so again, it is skipped.</summary>
    public bool LastTry { get; init; }

    /// <summary>The event's id, the same whenever the same photo is sent again.</summary>
    public string EventId() => $"{SearchId}/photo/{Listing}/{Index}{(LastTry ? "/last" : "")}";
}

/// <summary>Where a photo is had.</summary>
/// <param name="Album">The name of an album that the operator offers.</param>
/// <param name="Path">The photo's path below the album's folder, with <c>/</c> between its parts.</param>
public sealed record PhotoLocator(string Album, string Path);
