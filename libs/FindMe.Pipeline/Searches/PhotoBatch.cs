using System.Text.Json.Serialization;

namespace FindMe.Pipeline;

/// <summary>Consecutive photos of a page with their verdicts: one document, sent to Compare together. Stored under <see cref="StateKeys.Batch"/>.</summary>
/// <remarks>
/// The document exists before any of its photos is sent, and changes only under its ETag: this guarantees exactly one verdict per photo.
/// A batch whose photos are all settled never changes again, unless the operator retries a photo.
/// </remarks>
public sealed record PhotoBatch : Document
{
    /// <summary>Most photos of a batch, 32. The next batch is sent when half of one is settled, so 16 to 48 photos of a search are in progress.</summary>
    /// <remarks>
    /// Enough for 16 replicas that compare two photos at a time, and few enough that a small search does not wait long behind a large one. A
    /// batch with its verdicts has about 10 kB, and 1,000 photos need 32 documents.
    /// </remarks>
    public const int Size = 32;

    /// <summary>The photos, in the order of their page.</summary>
    public required IReadOnlyList<BatchPhoto> Photos { get; init; }

    /// <summary>When the batch was last sent to Compare; null if it was not sent yet.</summary>
    public DateTimeOffset? SentAt { get; init; }

    /// <summary>The index on its page of a photo's batch, from 0.</summary>
    /// <param name="index">The photo's index on its page.</param>
    public static int Of(int index) => index / Size;

    /// <summary>How many photos are settled.</summary>
    public int SettledCount() => Photos.Count(photo => photo.Verdict is not null);

    /// <summary>Whether half of the batch is settled, so that the next one may be sent.</summary>
    public bool IsHalfSettled() => SettledCount() >= HalfCount;

    /// <summary>Whether every photo is settled.</summary>
    public bool IsSettled() => Photos.All(photo => photo.Verdict is not null);

    /// <summary>A photo of this batch.</summary>
    /// <param name="index">The photo's index on its page.</param>
    public BatchPhoto this[int index] => Photos.Single(photo => photo.Index == index);

    /// <summary>The failed photos whose retry is due.</summary>
    /// <param name="now">The current time.</param>
    public IEnumerable<BatchPhoto> DueForRetry(DateTimeOffset now) => Photos.Where(photo => photo.Verdict is null && photo.RetryAt > SentAt && photo.RetryAt <= now);

    /// <summary>Returns a copy with one photo changed.</summary>
    /// <param name="index">The photo's index on its page.</param>
    /// <param name="change">The change.</param>
    public PhotoBatch With(int index, Func<BatchPhoto, BatchPhoto> change) =>
        this with { Photos = [.. Photos.Select(photo => photo.Index == index ? change(photo) : photo)] };

    /// <summary>Returns a copy with one more photo settled.</summary>
    /// <param name="index">The photo's index on its page.</param>
    /// <param name="verdict">The photo's verdict; <see cref="Verdict.Order"/> is set here.</param>
    public PhotoBatch Settle(int index, Verdict verdict)
    {
        var order = SettledCount() + 1;
        return With(index, photo => photo with { Verdict = verdict with { Order = order } });
    }

    /// <summary>Returns a copy in which the photos that were given up await a retry; returns the same object if there are none.</summary>
    /// <param name="now">The current time.</param>
    public PhotoBatch Reopen(DateTimeOffset now)
    {
        var settled = Photos.Where(photo => photo.Verdict is { GivenUp: false }).OrderBy(photo => photo.Verdict!.Order).Select(photo => photo.Index).ToList();
        return Photos.Any(photo => photo.Verdict is { GivenUp: true })
            ? this with
            {
                Photos =
                [
                    .. Photos.Select(photo => photo.Verdict switch
                    {
                        null => photo,
                        { GivenUp: true } => photo with { Verdict = null, RetryAt = now },
                        var verdict => photo with { Verdict = verdict with { Order = settled.IndexOf(photo.Index) + 1 } },
                    }),
                ],
            }
            : this;
    }

    /// <summary>
    /// Returns the steps to request after a photo of this batch is settled: the next batch after the photo that completes the first half, the
    /// authors' names after the last photo. Request them after every delivery of the photo, because the process that settled it may have
    /// crashed before. A batch that is requested twice is sent once.
    /// </summary>
    /// <param name="search">The search.</param>
    /// <param name="image">The photo.</param>
    public IEnumerable<SearchRequest> StepsAfter(Search search, TweetImage image)
    {
        var order = this[image.Index].Verdict!.Order;
        if (order == HalfCount)
        {
            yield return new ReleaseBatch { SearchId = search.Id, Batch = image.BatchNumber() + 1 };
        }

        if (order == Photos.Count && search.Source == SourceNames.X && Photos.Any(photo => photo.IsMatchByUnknownAuthor()))
        {
            yield return new NameAuthors { SearchId = search.Id, Batch = image.BatchNumber() };
        }
    }

    private int HalfCount => (Photos.Count + 1) / 2;
}

/// <summary>One photo of a search.</summary>
/// <param name="Index">Its index on its page, from 0.</param>
/// <param name="Id">The source's id of the photo; for albums the path below the album's folder.</param>
/// <param name="Post">The post that carries it.</param>
/// <param name="Locator">Where to read the photo.</param>
/// <param name="Verdict">The result of its comparison; null until it is compared.</param>
/// <param name="RetryAt">When to send it for the last time, after its deliveries were exhausted; null otherwise.</param>
public sealed record BatchPhoto(int Index, string Id, Post Post, PhotoLocator Locator, Verdict? Verdict = null, DateTimeOffset? RetryAt = null) : Document
{
    /// <summary>Whether it is a match or a possible match by an unknown author.</summary>
    public bool IsMatchByUnknownAuthor() => this is { Verdict.Kind: VerdictKind.Match or VerdictKind.Maybe, Post.Author: null };
}

/// <summary>A post that carries photos.</summary>
/// <param name="Id">The network's id of the post; a photo of an album is its own post.</param>
/// <param name="Url">Where a person can view it; null if nowhere.</param>
/// <param name="Network">The kind of source; null if the post is not from a network.</param>
/// <param name="Author">The author's handle as the network writes it; null if unknown.</param>
/// <param name="CreatedAt">When it was posted; null if unknown.</param>
/// <param name="Sensitive">Whether its author or the network marked it as sensitive.</param>
/// <param name="Description">The author's description of the photo (alt text); null if none.</param>
public sealed record Post(
    string Id,
    string? Url = null,
    string? Network = null,
    string? Author = null,
    DateTimeOffset? CreatedAt = null,
    bool Sensitive = false,
    string? Description = null);

/// <summary>The possible results of a comparison.</summary>
public enum VerdictKind
{
    /// <summary>The person is not on the photo.</summary>
    No,

    /// <summary>The person may be on the photo.</summary>
    Maybe,

    /// <summary>The person is on the photo.</summary>
    Match,

    /// <summary>The photo could not be compared; <see cref="Verdict.Reason"/> says why.</summary>
    Skipped,
}

/// <summary>The result of comparing one photo. It concerns only the person who searches.</summary>
public sealed record Verdict
{
    /// <summary>The result of the comparison.</summary>
    public required VerdictKind Kind { get; init; }

    /// <summary>The rank in which the photo was settled within its batch, from 1, so that readers can fetch only what is new.</summary>
    public int Order { get; init; }

    /// <summary>When the person appears in the post's video; null when there is no video, or only its preview was compared.</summary>
    public IReadOnlyList<VideoTime>? Times { get; init; }

    /// <summary>The second of the video whose frame contains <see cref="Box"/>; null when the box is in the photo or the preview.</summary>
    public float? FrameAt { get; init; }

    /// <summary>The person's face, in pixels of the upright photo or of the video's frame; set for Match, Maybe and a narrow No.</summary>
    public FaceBox? Box { get; init; }

    /// <summary>The width in pixels of the upright photo or frame; only with <see cref="Box"/>.</summary>
    public int? Width { get; init; }

    /// <summary>The height in pixels of the upright photo or frame; only with <see cref="Box"/>.</summary>
    public int? Height { get; init; }

    /// <summary>The face's distance from the nearest reference, 0 to 2, lower is more alike; only with <see cref="Box"/>.</summary>
    public float? Distance { get; init; }

    /// <summary>How many faces the photo shows, or the preview of a video; null when it could not be compared.</summary>
    public int? Faces { get; init; }

    /// <summary>The confidence in the verdict, 0 to 1; only with <see cref="Box"/>.</summary>
    public float? Confidence { get; init; }

    /// <summary>The picture's fingerprint, to recognize the same picture in other posts; only with <see cref="Box"/>.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>The classifier's label if the picture should be hidden by default; null when it may be shown, or was not classified.</summary>
    public string? Unsafe { get; init; }

    /// <summary>The person's own judgement of the face; null if they gave none. Not stored here: set when a search is read.</summary>
    [JsonIgnore]
    public bool? IsMe { get; init; }

    /// <summary>Why the photo could not be compared, one sentence for the person; only with Skipped.</summary>
    public string? Reason { get; init; }

    /// <summary>Why the photo could not be compared, a constant for the metrics; not stored.</summary>
    [JsonIgnore]
    public string? Cause { get; init; }

    /// <summary>Whether it was skipped because its deliveries were exhausted, so that the operator can retry it.</summary>
    public bool GivenUp { get; init; }

    /// <summary>The verdict of a photo that could not be compared. Such photos are settled too, so that a search always finishes.</summary>
    /// <param name="reason">Why, one sentence for the person.</param>
    /// <param name="cause">Why, a constant for the metrics; null for other causes.</param>
    public static Verdict Skipped(string reason, string? cause = null) => new() { Kind = VerdictKind.Skipped, Reason = reason, Cause = cause };
}

/// <summary>An interval in which the person appears, in seconds of the video.</summary>
/// <param name="From">0 or more.</param>
/// <param name="To">More than <paramref name="From"/>.</param>
public sealed record VideoTime(float From, float To);

/// <summary>A face's bounding box, in pixels of the upright photo.</summary>
/// <param name="X">The left edge, 0 or more.</param>
/// <param name="Y">The upper edge, 0 or more.</param>
/// <param name="Width">More than 0.</param>
/// <param name="Height">More than 0.</param>
public sealed record FaceBox(float X, float Y, float Width, float Height);
