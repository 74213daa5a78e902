using System.Text.Json.Serialization;

namespace FindMe.Pipeline;

/// <summary>A step of a search for Collect to do. Each step is a record of its own, distinguished by <c>kind</c>.</summary>
/// <remarks>
/// Contains the search's id and no personal data: the search itself is in the state under <see cref="StateKeys.Search"/>. A kind that this
/// version does not know is deserialized as this base record.
/// </remarks>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind", IgnoreUnrecognizedTypeDiscriminators = true)]
[JsonDerivedType(typeof(ListPage), "list-page")]
[JsonDerivedType(typeof(ReleaseBatch), "release-batch")]
[JsonDerivedType(typeof(NameAuthors), "name-authors")]
[JsonDerivedType(typeof(RetryFailedPhotos), "retry-failed-photos")]
[JsonDerivedType(typeof(ResumeSearch), "resume")]
[JsonDerivedType(typeof(ReopenSearch), "reopen")]
public record SearchRequest : Document
{
    /// <summary>The search.</summary>
    public required string SearchId { get; init; }

    /// <summary>All earlier deliveries of the step failed: if this one fails too, the search fails.</summary>
    public bool LastTry { get; init; }

    /// <summary>The event's id: the same whenever the same step is requested.</summary>
    public string EventId() => $"{SearchId}/{StepName}{(LastTry ? "/last" : "")}";

    /// <summary>Distinguishes this step from the other steps of its search.</summary>
    protected virtual string StepName => "unknown";
}

/// <summary>List the next page of the source, and release the batches that may be sent.</summary>
public sealed record ListPage : SearchRequest
{
    /// <summary>The page's number, from 0.</summary>
    public required int Page { get; init; }

    /// <summary>The value of <see cref="Search.Generation"/> when the page was requested, so that a request after a wait is a new event.</summary>
    public int Generation { get; init; }

    /// <inheritdoc />
    protected override string StepName => $"page/{Page}/{Generation}";

    /// <summary>The request for the first page that is not listed yet.</summary>
    /// <param name="search">The search.</param>
    public static ListPage After(Search search) => new() { SearchId = search.Id, Page = search.Pages.Count, Generation = search.Generation };
}

/// <summary>Send a batch of photos to Compare, because half of the previous batch is settled.</summary>
public sealed record ReleaseBatch : SearchRequest
{
    /// <summary>The batch's number in the search, from 0. A batch that is not listed yet is ignored: its listing releases it.</summary>
    public required int Batch { get; init; }

    /// <inheritdoc />
    protected override string StepName => $"batch/{Batch}";
}

/// <summary>Look up the authors of the matches in a settled batch. X charges for names, so its listings leave them out.</summary>
public sealed record NameAuthors : SearchRequest
{
    /// <summary>The batch's number in the search, from 0.</summary>
    public required int Batch { get; init; }

    /// <inheritdoc />
    protected override string StepName => $"authors/{Batch}";
}

/// <summary>Send the photos whose deliveries were exhausted once more, when their retry is due.</summary>
public sealed record RetryFailedPhotos : SearchRequest
{
    /// <inheritdoc />
    protected override string StepName => "retry";
}

/// <summary>Send again the photos that were sent and have no verdict, and list the next page: the search has stalled, or a step failed.</summary>
public sealed record ResumeSearch : SearchRequest
{
    /// <summary>Only photos sent before this time: later ones may still be in progress.</summary>
    public required DateTimeOffset SentBefore { get; init; }

    /// <inheritdoc />
    protected override string StepName => "resume";
}

/// <summary>Retry what was given up, photos or the whole search. The operator requests it, and for photos the person who searches.</summary>
public sealed record ReopenSearch : SearchRequest
{
    /// <inheritdoc />
    protected override string StepName => "reopen";
}

/// <summary>One photo to compare with the references of a search.</summary>
/// <remarks>The event carries the photo's locator only. The photo itself and the references, which are encrypted in the state, never travel in an event.</remarks>
public sealed record TweetImage : Document
{
    /// <summary>The photo's search.</summary>
    public required string SearchId { get; init; }

    /// <summary>The listing of the photo's page: <see cref="SearchPage.Listing"/>.</summary>
    public required int Listing { get; init; }

    /// <summary>The number of that page's first batch in the search.</summary>
    public required int FirstBatch { get; init; }

    /// <summary>The photo's index on its page, from 0.</summary>
    public required int Index { get; init; }

    /// <summary>Where to read the photo.</summary>
    public required PhotoLocator Photo { get; init; }

    /// <summary>Builds the message for a photo.</summary>
    /// <param name="search">The id of its search.</param>
    /// <param name="page">Its page.</param>
    /// <param name="photo">The photo.</param>
    public static TweetImage Of(string search, SearchPage page, BatchPhoto photo) => new()
    {
        SearchId = search,
        Listing = page.Listing,
        FirstBatch = page.FirstBatch,
        Index = photo.Index,
        Photo = photo.Locator,
        LastTry = photo.RetryAt is not null,
    };

    /// <summary>All earlier deliveries of the photo failed: if this one fails too, the photo is skipped.</summary>
    public bool LastTry { get; init; }

    /// <summary>The number of the photo's batch in the search, from 0.</summary>
    public int BatchNumber() => FirstBatch + PhotoBatch.Of(Index);

    /// <summary>The event's id: the same whenever the same photo is sent.</summary>
    public string EventId() => $"{SearchId}/photo/{Listing}/{Index}{(LastTry ? "/last" : "")}";
}

/// <summary>Locates a photo in an album, in an upload, or on the web.</summary>
public sealed record PhotoLocator
{
    /// <summary>The name of the operator's album; null for other photos.</summary>
    public string? Album { get; init; }

    /// <summary>The id of the upload; null for other photos.</summary>
    public string? Upload { get; init; }

    /// <summary>The path below the album's folder, with <c>/</c> between its parts, or the photo's number in the upload; null on the web.</summary>
    public string? Path { get; init; }

    /// <summary>The web address of the size to compare; null for albums and uploads.</summary>
    public string? Url { get; init; }

    /// <summary>The address of a larger version, for photos with small faces; null if there is none.</summary>
    public string? OriginalUrl { get; init; }

    /// <summary>The address of the video that the photo previews; null if the photo is not a preview.</summary>
    /// <remarks>An older app that does not know this member compares the preview only.</remarks>
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
    /// <param name="url">The size to compare.</param>
    /// <param name="originalUrl">A larger version; null if there is none.</param>
    public static PhotoLocator At(string url, string? originalUrl = null) => new() { Url = url, OriginalUrl = originalUrl };

    /// <summary>A video on the web.</summary>
    /// <param name="preview">The preview picture.</param>
    /// <param name="url">The video, as one file; null to compare the preview only.</param>
    public static PhotoLocator VideoAt(string preview, string? url) => new() { Url = preview, VideoUrl = url };
}
