using System.Text.Json.Serialization;

namespace FindMe.Pipeline;

/// <summary>A step of a search that Collect is asked for: one record for each step, told apart by <c>kind</c>.</summary>
/// <remarks>
/// Names a search and holds nothing of the person: who and where stand in the state under <see cref="StateKeys.Search"/>. A step of a kind
/// that this version does not know is read as this record itself.
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

    /// <summary>The step has failed every time before: if it does so again, the search fails.</summary>
    public bool LastTry { get; init; }

    /// <summary>The event's id, the same whenever the same step is requested again.</summary>
    public string EventId() => $"{SearchId}/{StepName}{(LastTry ? "/last" : "")}";

    /// <summary>What tells this step from the other steps of its search.</summary>
    protected virtual string StepName => "unknown";
}

/// <summary>List the next page of the source, and release those of its batches that may go.</summary>
public sealed record ListPage : SearchRequest
{
    /// <summary>The page, counted from 0.</summary>
    public required int Page { get; init; }

    /// <summary><see cref="Search.Generation"/> at the request: the same page requested after a wait is another event.</summary>
    public int Generation { get; init; }

    /// <inheritdoc />
    protected override string StepName => $"page/{Page}/{Generation}";

    /// <summary>The page after those that are listed.</summary>
    /// <param name="search">The search.</param>
    public static ListPage After(Search search) => new() { SearchId = search.Id, Page = search.Pages.Count, Generation = search.Generation };
}

/// <summary>Send a batch of photos to the comparers: half of the one before it is settled.</summary>
public sealed record ReleaseBatch : SearchRequest
{
    /// <summary>The batch, counted from 0 over the whole search. Nothing happens where it is not listed yet: the listing looks for itself.</summary>
    public required int Batch { get; init; }

    /// <inheritdoc />
    protected override string StepName => $"batch/{Batch}";
}

/// <summary>Look up who posted the matches of a settled batch: X charges for names, so its listings leave them out.</summary>
public sealed record NameAuthors : SearchRequest
{
    /// <summary>The batch, counted from 0 over the whole search.</summary>
    public required int Batch { get; init; }

    /// <inheritdoc />
    protected override string StepName => $"authors/{Batch}";
}

/// <summary>Send the photos that failed every time, and whose time to be retried has come, once more.</summary>
public sealed record RetryFailedPhotos : SearchRequest
{
    /// <inheritdoc />
    protected override string StepName => "retry";
}

/// <summary>Send the photos that were sent and have no verdict once more, and list the next page: nothing has happened for long, or a step failed.</summary>
public sealed record ResumeSearch : SearchRequest
{
    /// <summary>Only photos that were sent before then: the handler of a later one may still be at work.</summary>
    public required DateTimeOffset SentBefore { get; init; }

    /// <inheritdoc />
    protected override string StepName => "resume";
}

/// <summary>Take back what was given up, photos or the whole search, and go on. The operator requests it, and for photos whoever searches.</summary>
public sealed record ReopenSearch : SearchRequest
{
    /// <inheritdoc />
    protected override string StepName => "reopen";
}

/// <summary>One photo to compare with the face that a search looks for.</summary>
/// <remarks>A locator travels, never the photo; which face is looked for stands encrypted in the state, never in an event.</remarks>
public sealed record TweetImage : Document
{
    /// <summary>The search that this photo belongs to.</summary>
    public required string SearchId { get; init; }

    /// <summary>The listing of the page that the photo stands on: <see cref="SearchPage.Listing"/>.</summary>
    public required int Listing { get; init; }

    /// <summary>The first batch of that page, counted over the whole search.</summary>
    public required int FirstBatch { get; init; }

    /// <summary>The photo's place on its page, counted from 0.</summary>
    public required int Index { get; init; }

    /// <summary>Where the photo is had.</summary>
    public required PhotoLocator Photo { get; init; }

    /// <summary>The message that sends a photo.</summary>
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

    /// <summary>The photo has failed every time before: if it does so again, it is skipped.</summary>
    public bool LastTry { get; init; }

    /// <summary>The batch that the photo goes out in, counted from 0 over the whole search.</summary>
    public int BatchNumber() => FirstBatch + PhotoBatch.Of(Index);

    /// <summary>The event's id, the same whenever the same photo is sent again.</summary>
    public string EventId() => $"{SearchId}/photo/{Listing}/{Index}{(LastTry ? "/last" : "")}";
}

/// <summary>Where a photo is had: in an album, in an upload, or at an address of the web.</summary>
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
