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

/// <summary>A photo that the person is on, or may be.</summary>
internal sealed record MatchView(Post Post, PhotoView Photo, FaceBox Box, float Distance, float Confidence, VerdictKind Verdict);

/// <summary>A photo that could not be compared.</summary>
internal sealed record SkippedView(PhotoView Photo, string Reason);

/// <summary>How a search stands.</summary>
internal sealed record SearchView(
    string Id,
    string Source,
    string Query,
    DateTimeOffset CreatedAt,
    SearchStatus Status,
    DateTimeOffset? WaitingUntil,
    int Posts,
    PhotoCounts Photos,
    IReadOnlyList<MatchView> Matches,
    IReadOnlyList<SkippedView> Skipped,
    SearchProblem? Problem)
{
    /// <summary>All of a search.</summary>
    public static SearchView Of(SearchSnapshot snapshot) => Of(snapshot, (_, _) => true);

    /// <summary>A search with only some of its verdicts; the counts are of all.</summary>
    /// <param name="snapshot">The search.</param>
    /// <param name="isWanted">Whether to tell of a verdict, given the place of its shard among the shards.</param>
    public static SearchView Of(SearchSnapshot snapshot, Func<int, Verdict, bool> isWanted)
    {
        var search = snapshot.Search;
        var matches = new List<MatchView>();
        var skipped = new List<SkippedView>();
        var shardNumber = 0;
        foreach (var page in search.Pages)
        {
            var shards = snapshot.Shards.Skip(shardNumber).Take(PageLayout.ShardsOf(page.Photos)).ToList();
            var wanted = shards
                .SelectMany((shard, number) => shard.Photos.Where(photo => photo.Verdict is { } verdict && isWanted(shardNumber + number, verdict)))
                .OrderBy(photo => photo.Index);
            foreach (var photo in wanted)
            {
                var verdict = photo.Verdict!;
                if (verdict.Kind == VerdictKind.Skipped)
                {
                    skipped.Add(new SkippedView(new PhotoView(photo.Id, null, null, null), verdict.Reason!));
                }
                else if (verdict is { Kind: VerdictKind.Match or VerdictKind.Maybe, Box: { } box })
                {
                    var url = $"/api/searches/{search.Id}/photos/{page.Listing}-{photo.Index}";
                    matches.Add(new MatchView(
                        photo.Post, new PhotoView(photo.Id, url, verdict.Width, verdict.Height), box, verdict.Distance!.Value, verdict.Confidence!.Value, verdict.Kind));
                }
            }

            shardNumber += shards.Count;
        }

        return new SearchView(
            search.Id, search.Source, search.Query, search.CreatedAt, StatusOf(snapshot), null, search.Posts, CountsOf(snapshot), matches, skipped, search.Problem);
    }

    public static SearchStatus StatusOf(SearchSnapshot snapshot) => snapshot.Search.Stage switch
    {
        SearchStage.Listing => SearchStatus.Searching,
        SearchStage.Listed => snapshot.IsEnded() ? SearchStatus.Finished : SearchStatus.Processing,
        SearchStage.Cancelled => SearchStatus.Cancelled,
        _ => SearchStatus.Failed,
    };

    public static PhotoCounts CountsOf(SearchSnapshot snapshot)
    {
        var skipped = snapshot.Shards.Sum(shard => shard.Photos.Count(photo => photo.Verdict?.Kind == VerdictKind.Skipped));
        return new PhotoCounts(snapshot.Found, snapshot.Settled - skipped, skipped);
    }
}

/// <summary>A search in a list: the counts, without the photos.</summary>
internal sealed record SearchSummary(string Id, string Source, string Query, DateTimeOffset CreatedAt, SearchStatus Status, PhotoCounts Photos, int Matches)
{
    public static SearchSummary Of(SearchSnapshot snapshot) => new(
        snapshot.Search.Id,
        snapshot.Search.Source,
        snapshot.Search.Query,
        snapshot.Search.CreatedAt,
        SearchView.StatusOf(snapshot),
        SearchView.CountsOf(snapshot),
        snapshot.Shards.Sum(shard => shard.Photos.Count(photo => photo.Verdict?.Kind is VerdictKind.Match or VerdictKind.Maybe)));
}
