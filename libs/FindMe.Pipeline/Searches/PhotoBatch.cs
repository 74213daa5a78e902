using System.Text.Json.Serialization;

namespace FindMe.Pipeline;

/// <summary>A run of neighbouring photos of a page, with their verdicts: one document, sent to the comparers together. Lies under <see cref="StateKeys.Batch"/>.</summary>
/// <remarks>
/// The document exists before any of its photos is sent, and only ever changes under its ETag: that is what makes a verdict exactly one. The
/// verdicts of a batch whose photos are all settled never change again, unless the operator has one tried again.
/// </remarks>
public sealed record PhotoBatch : Document
{
    /// <summary>Photos in a batch, at most. The next batch goes when half of one is settled: 16 to 48 photos of a search are under way.</summary>
    /// <remarks>
    /// Enough for 16 replicas that compare two at a time, and few enough that a small search behind a large one does not wait for long. A batch
    /// with its verdicts has about 10 kB, and 1,000 photos lie in 32 documents.
    /// </remarks>
    public const int Size = 32;

    /// <summary>The photos, in the order of their page.</summary>
    public required IReadOnlyList<BatchPhoto> Photos { get; init; }

    /// <summary>When it was sent to the comparers, the last time; null: it was not.</summary>
    public DateTimeOffset? SentAt { get; init; }

    /// <summary>The batch of its page in which a photo lies, counted from 0.</summary>
    /// <param name="index">The photo's place on its page.</param>
    public static int Of(int index) => index / Size;

    /// <summary>How many photos are settled.</summary>
    public int SettledCount() => Photos.Count(photo => photo.Verdict is not null);

    /// <summary>Whether the next batch may go: half of this one is settled.</summary>
    public bool LetsNextGo() => SettledCount() >= HalfCount;

    /// <summary>Whether every photo is settled.</summary>
    public bool IsSettled() => Photos.All(photo => photo.Verdict is not null);

    /// <summary>A photo of this batch.</summary>
    /// <param name="index">The photo's place on its page.</param>
    public BatchPhoto this[int index] => Photos.Single(photo => photo.Index == index);

    /// <summary>The photos that failed and are to be sent once more by a given time.</summary>
    /// <param name="now">The time.</param>
    public IEnumerable<BatchPhoto> DueForRetry(DateTimeOffset now) => Photos.Where(photo => photo.Verdict is null && photo.RetryAt > SentAt && photo.RetryAt <= now);

    /// <summary>The same batch with one photo changed.</summary>
    /// <param name="index">The photo's place on its page.</param>
    /// <param name="change">The change.</param>
    public PhotoBatch With(int index, Func<BatchPhoto, BatchPhoto> change) =>
        this with { Photos = [.. Photos.Select(photo => photo.Index == index ? change(photo) : photo)] };

    /// <summary>The same batch with one more photo settled.</summary>
    /// <param name="index">The photo's place on its page.</param>
    /// <param name="verdict">Its verdict; <see cref="Verdict.Order"/> is set here.</param>
    public PhotoBatch Settle(int index, Verdict verdict)
    {
        var order = SettledCount() + 1;
        return With(index, photo => photo with { Verdict = verdict with { Order = order } });
    }

    /// <summary>The same batch with the photos open again that were given up; the same object where none was.</summary>
    /// <param name="now">The time.</param>
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
    /// The steps to request once a photo of this batch is settled: the next batch after the one that made it half, the names of authors after
    /// the last one. To be requested after every delivery of the photo: the one that settled it may have died before. A batch that is
    /// requested twice is sent once.
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

        if (order == Photos.Count && search.Source == SourceNames.X && Photos.Any(photo => photo.IsNamelessMatch()))
        {
            yield return new NameAuthors { SearchId = search.Id, Batch = image.BatchNumber() };
        }
    }

    private int HalfCount => (Photos.Count + 1) / 2;
}

/// <summary>One photo of a search.</summary>
/// <param name="Index">Its place on its page, counted from 0.</param>
/// <param name="Id">What the source calls it: an album photo's path below the album.</param>
/// <param name="Post">The post that carries it.</param>
/// <param name="Locator">Where it is had.</param>
/// <param name="Verdict">What became of it; null: not compared yet.</param>
/// <param name="RetryAt">It failed every time that it was delivered: from then on it is sent for the last time. Null: it did not.</param>
public sealed record BatchPhoto(int Index, string Id, Post Post, PhotoLocator Locator, Verdict? Verdict = null, DateTimeOffset? RetryAt = null) : Document
{
    /// <summary>Whether it shows the person, or may, and its author is not known.</summary>
    public bool IsNamelessMatch() => this is { Verdict.Kind: VerdictKind.Match or VerdictKind.Maybe, Post.Author: null };
}

/// <summary>A post that carries photos.</summary>
/// <param name="Id">What its network calls it; a photo of an album is its own post.</param>
/// <param name="Url">Where a person can see it; null: nowhere.</param>
/// <param name="Network">The kind of source it stands on; null: it is no post of a network.</param>
/// <param name="Author">Who posted it, as the network writes it; null: not known.</param>
/// <param name="CreatedAt">When; null: not known.</param>
/// <param name="Sensitive">Its author or the network warns of what it shows.</param>
/// <param name="Description">What its author says that the photo shows; null: nothing.</param>
public sealed record Post(
    string Id,
    string? Url = null,
    string? Network = null,
    string? Author = null,
    DateTimeOffset? CreatedAt = null,
    bool Sensitive = false,
    string? Description = null);

/// <summary>What a comparison can come to.</summary>
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

/// <summary>What became of one photo. It says nothing about anybody but the person who searches.</summary>
public sealed record Verdict
{
    /// <summary>What the comparison came to.</summary>
    public required VerdictKind Kind { get; init; }

    /// <summary>The how-manieth settled photo of its batch this is, from 1: a reader that knows how far it read gets only what is new.</summary>
    public int Order { get; init; }

    /// <summary>When the person is to be seen in the post's video; null: the post has none, or only its preview was looked at.</summary>
    public IReadOnlyList<VideoTime>? Times { get; init; }

    /// <summary>The second of the video at which the frame with <see cref="Box"/> is shown; null: it lies in the photo, or in the preview.</summary>
    public float? FrameAt { get; init; }

    /// <summary>The person's face, in pixels of the upright photo or of the video's frame; with Match and Maybe, and with a No that was not far from it.</summary>
    public FaceBox? Box { get; init; }

    /// <summary>The upright photo's or frame's width in pixels; only with <see cref="Box"/>.</summary>
    public int? Width { get; init; }

    /// <summary>The upright photo's or frame's height in pixels; only with <see cref="Box"/>.</summary>
    public int? Height { get; init; }

    /// <summary>How far the face is from the nearest reference, 0 to 2, less is more alike; only with <see cref="Box"/>.</summary>
    public float? Distance { get; init; }

    /// <summary>How sure this is, 0 to 1; only with <see cref="Box"/>.</summary>
    public float? Confidence { get; init; }

    /// <summary>The picture's fingerprint, by which the same picture in other posts is recognised; only with <see cref="Box"/>.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>What the classifier takes the picture for, if that is nothing to be shown unasked; null: nothing of the kind, or it was not asked.</summary>
    public string? Unsafe { get; init; }

    /// <summary>What the person themself says of the face; null: nothing. Not kept here: set where a search is read.</summary>
    [JsonIgnore]
    public bool? IsMe { get; init; }

    /// <summary>Why the photo could not be compared, one sentence for a person; only with Skipped.</summary>
    public string? Reason { get; init; }

    /// <summary>Why the photo could not be compared, a fixed word for the operator's metrics; not kept.</summary>
    [JsonIgnore]
    public string? Cause { get; init; }

    /// <summary>It was skipped because it failed repeatedly, not for what it is: the operator can have it tried again.</summary>
    public bool GivenUp { get; init; }

    /// <summary>A photo that could not be compared is settled too, so that a search always finishes.</summary>
    /// <param name="reason">Why, one sentence for a person.</param>
    /// <param name="cause">Why, one of a few fixed words for the operator's metrics; null: another cause.</param>
    public static Verdict Skipped(string reason, string? cause = null) => new() { Kind = VerdictKind.Skipped, Reason = reason, Cause = cause };
}

/// <summary>A time in which the person is to be seen, in seconds of the video.</summary>
/// <param name="From">0 or more.</param>
/// <param name="To">More than <paramref name="From"/>.</param>
public sealed record VideoTime(float From, float To);

/// <summary>A face's bounding box, in pixels of the upright photo.</summary>
/// <param name="X">The left edge, 0 or more.</param>
/// <param name="Y">The upper edge, 0 or more.</param>
/// <param name="Width">More than 0.</param>
/// <param name="Height">More than 0.</param>
public sealed record FaceBox(float X, float Y, float Width, float Height);
