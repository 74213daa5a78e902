namespace FindMe.Pipeline;

/// <summary>The stage of a search. Only the batches tell whether all photos are compared.</summary>
public enum SearchStage
{
    /// <summary>Pages are still being listed.</summary>
    Listing,

    /// <summary>Every page is listed.</summary>
    Listed,

    /// <summary>The person stopped it; its results are kept.</summary>
    Cancelled,

    /// <summary>It cannot continue: <see cref="Search.Problem"/> says why.</summary>
    Failed,

    /// <summary>A tombstone: nothing may be written for this search any more.</summary>
    Deleted,
}

/// <summary>One search: its references, its source and its progress. Stored under <see cref="StateKeys.Search"/>.</summary>
public sealed record Search : Document
{
    /// <summary>The search's id: 128 random bits, 32 hexadecimal digits.</summary>
    public required string Id { get; init; }

    /// <summary>The owner.</summary>
    public required string Person { get; init; }

    /// <summary>The kind of source, one of <see cref="SourceNames"/>.</summary>
    public required string Source { get; init; }

    /// <summary>The query: an album's name, hashtags, or words.</summary>
    public required string Query { get; init; }

    /// <summary>What the person knows the query by, where it is an id: the name of the ZIP file; otherwise null.</summary>
    public string? QueryName { get; init; }

    /// <summary>The terms that narrow the search.</summary>
    public SearchTerms Terms { get; init; } = new();

    /// <summary>When the person started it.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the store deletes it with its photos and verdicts.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Its stage.</summary>
    public SearchStage Stage { get; init; }

    /// <summary>Whether the step that starts or continues it was certainly published; if not, Recovery publishes it later.</summary>
    public bool Requested { get; init; }

    /// <summary>Hashes of the tokens of links that show photos of it; a link that is not named here shows nothing.</summary>
    public IReadOnlyList<string> Shares { get; init; } = [];

    /// <summary>The ids of the references to look for; together they represent one person.</summary>
    public IReadOnlyList<string> References { get; init; } = [];

    /// <summary>The engine's recipe that made these references, and makes the distances of the verdicts.</summary>
    public string? Recipe { get; init; }

    /// <summary>The pages listed so far, in order.</summary>
    public IReadOnlyList<SearchPage> Pages { get; init; } = [];

    /// <summary>How many listings were started. Each gets its own number, so that two listings of one page never share a batch.</summary>
    public int Listings { get; init; }

    /// <summary>Where the source continues after the last page, in the source's own format; null for the beginning.</summary>
    public string? Next { get; init; }

    /// <summary>The newest post of the current listing, in the source's own format; the next search for newer posts ends there.</summary>
    public string? Newest { get; init; }

    /// <summary>The newest post of the previous listing; null in the first one.</summary>
    public string? After { get; init; }

    /// <summary>How many times the listing was delayed or resumed.</summary>
    public int Generation { get; init; }

    /// <summary>Consecutive failures of the source.</summary>
    public int Attempts { get; init; }

    /// <summary>When the source's rate limit ends; null if it is not limited.</summary>
    public DateTimeOffset? WaitingUntil { get; init; }

    /// <summary>When to retry a step for the last time, after its deliveries were exhausted; null otherwise.</summary>
    public DateTimeOffset? RetryStepAt { get; init; }

    /// <summary>Whether the listing stopped early: <see cref="Problem"/> says why, and <see cref="Next"/> where it can continue.</summary>
    public bool Stopped { get; init; }

    /// <summary>How many posts the listed pages contained.</summary>
    public int Posts { get; init; }

    /// <summary>The cost so far, in US dollars. Includes the highest possible cost of a request in progress until its actual cost is known.</summary>
    public decimal Cost { get; init; }

    /// <summary>Sentences for the person about photos that could not be read; at most <see cref="MaxNotices"/>.</summary>
    public IReadOnlyList<string> Notices { get; init; } = [];

    /// <summary>Why it failed, stopped or found nothing; null if it did not.</summary>
    public SearchProblem? Problem { get; init; }

    /// <summary>The most sentences in <see cref="Notices"/>; more would repeat the same cause.</summary>
    public const int MaxNotices = 20;

    /// <summary>How many batches the listed pages have.</summary>
    public int BatchCount() => Pages.Count == 0 ? 0 : Pages[^1].FirstBatch + Pages[^1].BatchCount();

    /// <summary>Returns the page of a batch.</summary>
    /// <param name="batch">The batch's number in the search, from 0.</param>
    /// <returns>Null when no page listed so far has that batch.</returns>
    public SearchPage? PageOf(int batch) => Pages.FirstOrDefault(page => batch >= page.FirstBatch && batch < page.FirstBatch + page.BatchCount());

    /// <summary>Returns the state key of a batch.</summary>
    /// <param name="batch">The batch's number in the search, from 0.</param>
    /// <returns>Null when no page listed so far has that batch.</returns>
    public string? BatchKey(int batch) => PageOf(batch) is { } page ? StateKeys.Batch(Id, page.Listing, batch - page.FirstBatch) : null;

    /// <summary>The state keys of all its batches, in order.</summary>
    public IEnumerable<string> BatchKeys() => Pages.SelectMany(page => page.BatchKeys(Id));

    /// <summary>Whether photos may still be listed and compared.</summary>
    public bool IsOpen() => Stage is SearchStage.Listing or SearchStage.Listed;

    /// <summary>How much longer the store keeps its documents.</summary>
    /// <param name="now">The current time.</param>
    public TimeSpan TimeToLive(DateTimeOffset now) => ExpiresAt - now;
}

/// <summary>The terms of a search, as far as its source supports them.</summary>
/// <param name="Since">Only posts from this time on; null for as far back as the source goes.</param>
/// <param name="Until">Only posts before this time; null for up to now.</param>
/// <param name="Language">Only posts in this language, two or three letters (ISO 639); null for any.</param>
/// <param name="Limit">The most posts to read; null for all.</param>
/// <param name="MaxCost">The most to pay the source, in US dollars; null for sources that are free.</param>
public sealed record SearchTerms(
    DateTimeOffset? Since = null, DateTimeOffset? Until = null, string? Language = null, int? Limit = null, decimal? MaxCost = null);

/// <summary>One page of a search's photos.</summary>
/// <param name="Listing">The number of the listing that wrote it.</param>
/// <param name="Photos">How many photos it has, 0 to <see cref="MaxPhotos"/>.</param>
/// <param name="FirstBatch">The number of its first batch in the search.</param>
public sealed record SearchPage(int Listing, int Photos, int FirstBatch)
{
    /// <summary>The most photos of one page.</summary>
    public const int MaxPhotos = 256;

    /// <summary>How many batches it has.</summary>
    public int BatchCount() => (Photos + PhotoBatch.Size - 1) / PhotoBatch.Size;

    /// <summary>The state keys of its batches, in order.</summary>
    /// <param name="search">The id of its search.</param>
    public IEnumerable<string> BatchKeys(string search) => Enumerable.Range(0, BatchCount()).Select(batch => StateKeys.Batch(search, Listing, batch));
}

/// <summary>Why a search failed, in the terms of RFC 9457.</summary>
/// <param name="Type">A stable slug, such as <c>album-gone</c>.</param>
/// <param name="Title">What is wrong, one sentence for the person.</param>
/// <param name="Detail">What to do about it.</param>
public sealed record SearchProblem(string Type, string Title, string Detail)
{
    /// <summary>A step's deliveries were exhausted; the operator can retry it.</summary>
    public static SearchProblem FailedRepeatedly { get; } = new(
        "failed-repeatedly", "This search failed repeatedly.", "Start it again; if it fails again, tell the operator its id.");
}
