using FindMe.Pipeline;

namespace FindMe.Api;

/// <summary>What a person is told of how a search stands.</summary>
internal enum SearchStatus
{
    /// <summary>Photos are being listed.</summary>
    Searching,

    /// <summary>All photos are listed; some are not compared yet.</summary>
    Processing,

    /// <summary>The source makes FindMe wait.</summary>
    Waiting,

    /// <summary>Every photo is compared or skipped.</summary>
    Finished,

    /// <summary>It cannot go on; the problem says why.</summary>
    Failed,

    /// <summary>The person stopped it.</summary>
    Cancelled,
}

/// <summary>How many photos were listed, compared, and skipped.</summary>
internal sealed record PhotoCounts(int Found, int Compared, int Skipped);

/// <summary>A photo: what its source calls it, and where its owner sees it.</summary>
internal sealed record PhotoView(string Id, string? Url, int? Width, int? Height);

/// <summary>How sure a match is, in words; docs/accuracy.md has the share of each that is right.</summary>
internal enum Band
{
    /// <summary>A person would have to look hard for a wrong one.</summary>
    Clear,

    /// <summary>About four of five are right.</summary>
    Likely,

    /// <summary>Two of three are right, or fewer: the person should look.</summary>
    Check,
}

/// <summary>Which photos are shown, and in which words.</summary>
internal static class Bands
{
    // From the table of docs/accuracy.md: of what is at least this sure, 0.999 and 0.77 are right.
    private const float Clear = 0.9f;
    private const float Likely = 0.7f;

    public static Band Of(float confidence) => confidence >= Clear ? Band.Clear : confidence >= Likely ? Band.Likely : Band.Check;

    /// <summary>Whether a photo is shown: the person is on it, or may be, or is not farther from it than they want to look.</summary>
    /// <param name="verdict">The photo's verdict.</param>
    /// <param name="within">The distance up to which a no is shown as well; null: none is.</param>
    public static bool IsShown(this Verdict verdict, float? within) =>
        verdict.Kind is VerdictKind.Match or VerdictKind.Maybe || (verdict is { Kind: VerdictKind.No, IsMe: null, Distance: { } distance } && distance <= within);
}

/// <summary>What a person says of the face that was found.</summary>
internal enum JudgementView
{
    /// <summary>It is theirs.</summary>
    Me,

    /// <summary>It is not.</summary>
    NotMe,
}

/// <summary>
/// A photo that the person is on, or may be; band: how sure that is, in words; judgement: what the person says of it; unsafe: what the classifier takes it for, if that is nothing to be shown unasked; times: when the
/// person is to be seen in a post's video, of which the photo is a frame then.
/// </summary>
internal sealed record MatchView(
    Post Post, PhotoView Photo, FaceBox Box, float Distance, float Confidence, Band Band, VerdictKind Verdict, JudgementView? Judgement, string? Unsafe, IReadOnlyList<VideoTime>? Times);

/// <summary>A photo that could not be compared; canRetry: it failed for what may have passed since, and POST retry compares it again.</summary>
internal sealed record SkippedView(PhotoView Photo, string Reason, bool CanRetry);

/// <summary>How a search stands. QueryName: what the person knows the query by, where it is the id of a ZIP file. AlbumMargin: how much nearer than usual a face must be to count, since many faces of the album look alike, 0 to the recipe's albumMargin; 0 until the search has ended. Judged: the photos whose face the person says is not theirs, so that they can take it back.</summary>
internal sealed record SearchView(
    string Id,
    string Source,
    string Query,
    string? QueryName,
    DateTimeOffset CreatedAt,
    SearchStatus Status,
    DateTimeOffset? WaitingUntil,
    int Posts,
    PhotoCounts Photos,
    float AlbumMargin,
    IReadOnlyList<MatchView> Matches,
    IReadOnlyList<MatchView> Judged,
    IReadOnlyList<SkippedView> Skipped,
    IReadOnlyList<PhotoGroup> Groups,
    SearchTerms Terms,
    decimal Cost,
    IReadOnlyList<string> Notices,
    bool CanContinue,
    SearchProblem? Problem)
{
    /// <summary>All of a search.</summary>
    /// <param name="snapshot">The search.</param>
    /// <param name="within">The distance up to which photos are told of that count as a no; null: none is.</param>
    public static SearchView Of(SearchSnapshot snapshot, float? within = null) => Of(snapshot, within, (_, _) => true);

    /// <summary>A search with only some of its verdicts; the counts are of all.</summary>
    /// <param name="snapshot">The search.</param>
    /// <param name="within">The distance up to which photos are told of that count as a no; null: none is.</param>
    /// <param name="isWanted">Whether to tell of a settled photo, given the place of its batch among the batches. What the person judged as not theirs is always told.</param>
    public static SearchView Of(SearchSnapshot snapshot, float? within, Func<int, BatchPhoto, bool> isWanted)
    {
        var search = snapshot.Search;
        var matches = new List<MatchView>();
        var judged = new List<MatchView>();
        var skipped = new List<SkippedView>();
        var settled = new List<BatchPhoto>();
        var told = new HashSet<string>();
        var batchNumber = 0;
        foreach (var page in search.Pages)
        {
            var batches = snapshot.Batches.Skip(batchNumber).Take(page.BatchCount()).ToList();
            var photos = batches
                .SelectMany((batch, number) => batch.Photos.Select(photo => (Photo: photo, Batch: batchNumber + number)))
                .Where(entry => entry.Photo.Verdict is not null)
                .ToList();
            settled.AddRange(photos.Select(entry => entry.Photo));
            foreach (var photo in photos.Where(entry => entry.Photo.Verdict!.IsMe == false || isWanted(entry.Batch, entry.Photo)).Select(entry => entry.Photo))
            {
                var verdict = photo.Verdict!;
                if (verdict.Kind == VerdictKind.Skipped)
                {
                    skipped.Add(new SkippedView(new PhotoView(photo.Id, null, null, null), verdict.Reason!, verdict.GivenUp));
                }
                else if (verdict.IsMe == false)
                {
                    judged.Add(Match(search, page, photo));
                }
                else if (verdict.IsShown(within) && verdict.Box is not null)
                {
                    told.Add(photo.Id);
                    matches.Add(Match(search, page, photo));
                }
            }

            batchNumber += batches.Count;
        }

        var groups = PhotoGroups.Of(settled, within).Where(photos => photos.Count > 1 && photos.Any(photo => told.Contains(photo.Id))).Select(PhotoGroups.View);
        return new SearchView(
            search.Id,
            search.Source,
            search.Query,
            search.QueryName,
            search.CreatedAt,
            StatusOf(snapshot),
            search.Stage == SearchStage.Listing ? search.WaitingUntil : null,
            search.Posts,
            CountsOf(snapshot),
            snapshot.AlbumMargin,
            matches,
            judged,
            skipped,
            [.. groups],
            search.Terms,
            search.Cost,
            search.Notices,
            SearchContinuing.IsPossible(snapshot),
            search.Problem);
    }

    private static MatchView Match(Search search, SearchPage page, BatchPhoto photo)
    {
        var verdict = photo.Verdict!;
        return new MatchView(
            photo.Post,
            new PhotoView(photo.Id, $"/api/searches/{search.Id}/photos/{page.Listing}-{photo.Index}", verdict.Width, verdict.Height),
            verdict.Box!,
            verdict.Distance!.Value,
            verdict.Confidence!.Value,
            Bands.Of(verdict.Confidence.Value),
            verdict.Kind,
            verdict.IsMe switch { true => JudgementView.Me, false => JudgementView.NotMe, null => null },
            verdict.Unsafe,
            verdict.Times);
    }

    public static SearchStatus StatusOf(SearchSnapshot snapshot) => snapshot.Search.Stage switch
    {
        SearchStage.Listing => snapshot.Search.WaitingUntil is null ? SearchStatus.Searching : SearchStatus.Waiting,
        SearchStage.Listed when !snapshot.IsEnded() => SearchStatus.Processing,
        // It may have cost what the person allowed: that is an end, not a failure.
        SearchStage.Listed => snapshot.Search is { Stopped: true, Problem.Type: not "cost-cap" } ? SearchStatus.Failed : SearchStatus.Finished,
        SearchStage.Cancelled => SearchStatus.Cancelled,
        _ => SearchStatus.Failed,
    };

    public static PhotoCounts CountsOf(SearchSnapshot snapshot)
    {
        var skipped = snapshot.Batches.Sum(batch => batch.Photos.Count(photo => photo.Verdict?.Kind == VerdictKind.Skipped));
        return new PhotoCounts(snapshot.Found, snapshot.Settled - skipped, skipped);
    }
}

/// <summary>A search in a list: the counts, without the photos. Matches are counted by picture, however many posts carry it.</summary>
internal sealed record SearchSummary(string Id, string Source, string Query, string? QueryName, DateTimeOffset CreatedAt, SearchStatus Status, PhotoCounts Photos, int Matches)
{
    public static SearchSummary Of(SearchSnapshot snapshot) => new(
        snapshot.Search.Id,
        snapshot.Search.Source,
        snapshot.Search.Query,
        snapshot.Search.QueryName,
        snapshot.Search.CreatedAt,
        SearchView.StatusOf(snapshot),
        SearchView.CountsOf(snapshot),
        PhotoGroups.Of(snapshot.Batches.SelectMany(batch => batch.Photos)).Count);
}
