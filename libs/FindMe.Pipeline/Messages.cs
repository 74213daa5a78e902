using System.Text.Json.Serialization;

namespace FindMe.Pipeline;

/// <summary>
/// One step of a search. With <see cref="Wave"/>: let that wave of photos go to the comparers. With <see cref="Again"/>: send what failed, or
/// what is missing, once more. Without either: list the page <see cref="Page"/> of its source, then let go what may go.
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

    /// <summary><see cref="Search.Generation"/> when this was asked for: the same page asked for after a wait is another event.</summary>
    [JsonPropertyName("turn")]
    public int Generation { get; init; }

    /// <summary>What to try again; null: nothing.</summary>
    public RetryScope? Again { get; init; }

    /// <summary>With <see cref="RetryScope.Unsettled"/>: only photos that were sent before then; the handler of a later one may still be at work.</summary>
    public DateTimeOffset? SentBefore { get; init; }

    /// <summary>The step that lists the page after those that are listed.</summary>
    /// <param name="search">The search.</param>
    public static SearchRequest NextPage(Search search) => new() { SearchId = search.Id, Page = search.Pages.Count, Generation = search.Generation };

    /// <summary>The step has failed every time before: if it does so again, the search fails.</summary>
    public bool LastTry { get; init; }

    /// <summary>The event's id, the same whenever the same step is asked for again.</summary>
    public string EventId() => SearchId + this switch
    {
        { Again: RetryScope.Waiting } => "/again",
        { Again: RetryScope.Settled } => "/replay",
        { Again: RetryScope.Unsettled } => "/resume",
        { Wave: { } wave } => $"/wave/{wave}",
        { Generation: > 0 } => $"/page/{Page}/turn/{Generation}",
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

    /// <summary>What is under way: the photos that were sent and have no verdict, and the next page. Asked for where nothing has happened for long.</summary>
    Unsettled,
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
        Schema = photo.Locator.Schema,
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

    /// <inheritdoc />
    protected override int KnownSchema => PhotoLocator.NewestSchema;

    /// <summary>The event's id, the same whenever the same photo is sent again.</summary>
    public string EventId() => $"{SearchId}/photo/{Listing}/{Index}{(LastTry ? "/last" : "")}";
}

/// <summary>Where a photo is had: in an album, in an upload, or at an address of the web.</summary>
public sealed record PhotoLocator
{
    /// <summary>The newest shape of documents with locators: the first one knew albums only.</summary>
    public const int NewestSchema = 2;

    /// <summary>The shape that a document with this locator has: what an older app can read, it may.</summary>
    [JsonIgnore]
    public int Schema => Album is null ? NewestSchema : 1;

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

    /// <summary>The address of the video that the photo is the preview of; null: it is a photo.</summary>
    /// <remarks>An app that does not know this compares the preview alone.</remarks>
    public string? VideoUrl { get; init; }

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

    /// <summary>A video on the web.</summary>
    /// <param name="preview">The picture that stands for it.</param>
    /// <param name="url">The video, as one file; null: there is only the picture.</param>
    public static PhotoLocator VideoAt(string preview, string? url) => new() { Url = preview, VideoUrl = url };
}
