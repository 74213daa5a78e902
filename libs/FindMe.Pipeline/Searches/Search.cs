namespace FindMe.Pipeline;

/// <summary>How far a search has come. Whether its photos are all compared is told by their batches alone.</summary>
public enum SearchStage
{
    /// <summary>Pages are still being listed.</summary>
    Listing,

    /// <summary>Every page is listed.</summary>
    Listed,

    /// <summary>The person stopped it; what was found stays.</summary>
    Cancelled,

    /// <summary>It cannot go on: <see cref="Search.Problem"/> says why.</summary>
    Failed,

    /// <summary>A tombstone: nothing may be written for this search any more.</summary>
    Deleted,
}

/// <summary>One search: what it looks for, where, and how far it has come. Lies under <see cref="StateKeys.Search"/>.</summary>
public sealed record Search : Document
{
    /// <summary>The search's id: 128 random bits, 32 hexadecimal digits.</summary>
    public required string Id { get; init; }

    /// <summary>Whose search it is.</summary>
    public required string Person { get; init; }

    /// <summary>The kind of source, one of <see cref="SourceNames"/>.</summary>
    public required string Source { get; init; }

    /// <summary>What to search there: an album's name, hashtags, words.</summary>
    public required string Query { get; init; }

    /// <summary>What bounds it.</summary>
    public SearchTerms Terms { get; init; } = new();

    /// <summary>When it was asked for.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the store forgets it, its photos and verdicts.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>How far it has come.</summary>
    public SearchStage Stage { get; init; }

    /// <summary>Whether the step that begins or continues it is known to be published; if not after a while, Recovery publishes it.</summary>
    public bool Requested { get; init; }

    /// <summary>Hashes of the tokens of links that show photos of it; a link that is not named here shows nothing.</summary>
    public IReadOnlyList<string> Shares { get; init; } = [];

    /// <summary>The ids of the person's references that it looks for; together they count as one person.</summary>
    public IReadOnlyList<string> References { get; init; } = [];

    /// <summary>The pages listed so far, in order.</summary>
    public IReadOnlyList<SearchPage> Pages { get; init; } = [];

    /// <summary>How often a listing was begun: each gets its own number, so that two listings of one page never share a batch.</summary>
    public int Listings { get; init; }

    /// <summary>Where the source goes on after the last page, in the source's own terms; null: at its beginning.</summary>
    public string? Next { get; init; }

    /// <summary>The newest post of the present walk, in the source's own terms: a later walk ends there.</summary>
    public string? Newest { get; init; }

    /// <summary>The newest post of the walk before; null: this is the first walk.</summary>
    public string? After { get; init; }

    /// <summary>How often the walk was made to wait, or was taken up again.</summary>
    public int Generation { get; init; }

    /// <summary>How often in a row the source did not answer.</summary>
    public int Attempts { get; init; }

    /// <summary>The source makes FindMe wait until then; null: it does not.</summary>
    public DateTimeOffset? WaitingUntil { get; init; }

    /// <summary>A step failed every time: from then on it is tried for the last time. Null: none did.</summary>
    public DateTimeOffset? RetryStepAt { get; init; }

    /// <summary>The listing ended before its end: <see cref="Problem"/> says why, and <see cref="Next"/> is where it may go on.</summary>
    public bool Stopped { get; init; }

    /// <summary>How many posts the listed pages held.</summary>
    public int Posts { get; init; }

    /// <summary>What the source was paid, in US dollars: what a listing can cost at most counts from before it asks, until it is known.</summary>
    public decimal Cost { get; init; }

    /// <summary>What could not be had, sentences for a person; at most <see cref="MaxNotices"/>.</summary>
    public IReadOnlyList<string> Notices { get; init; } = [];

    /// <summary>Why it failed, stopped or found nothing.</summary>
    public SearchProblem? Problem { get; init; }

    /// <summary>Sentences in <see cref="Notices"/>: what goes wrong more often than this goes wrong for one reason.</summary>
    public const int MaxNotices = 20;

    /// <summary>How many batches the listed pages have.</summary>
    public int BatchCount() => Pages.Count == 0 ? 0 : Pages[^1].FirstBatch + Pages[^1].BatchCount();

    /// <summary>The page that a batch belongs to.</summary>
    /// <param name="batch">The batch, counted from 0 over the whole search.</param>
    /// <returns>Null when no page listed so far has that batch.</returns>
    public SearchPage? PageOf(int batch) => Pages.FirstOrDefault(page => batch >= page.FirstBatch && batch < page.FirstBatch + page.BatchCount());

    /// <summary>The key of a batch.</summary>
    /// <param name="batch">The batch, counted from 0 over the whole search.</param>
    /// <returns>Null when no page listed so far has that batch.</returns>
    public string? BatchKey(int batch) => PageOf(batch) is { } page ? StateKeys.Batch(Id, page.Listing, batch - page.FirstBatch) : null;

    /// <summary>The keys of all its batches, in order.</summary>
    public IEnumerable<string> BatchKeys() => Pages.SelectMany(page => page.BatchKeys(Id));

    /// <summary>True as long as photos may be listed and compared.</summary>
    public bool IsOpen() => Stage is SearchStage.Listing or SearchStage.Listed;

    /// <summary>How long the store still keeps its documents.</summary>
    /// <param name="now">The present time.</param>
    public TimeSpan TimeToLive(DateTimeOffset now) => ExpiresAt - now;
}

/// <summary>What bounds a search, as far as its source has it.</summary>
/// <param name="Since">Only posts from then on; null: from as far back as the source goes.</param>
/// <param name="Until">Only posts before then; null: up to now.</param>
/// <param name="Language">Only posts in this language, two or three letters (ISO 639); null: in any.</param>
/// <param name="Limit">Posts to look through; null: all.</param>
/// <param name="MaxCost">The most that the source may be paid, in US dollars; null: nothing, for sources that cost nothing.</param>
public sealed record SearchTerms(
    DateTimeOffset? Since = null, DateTimeOffset? Until = null, string? Language = null, int? Limit = null, decimal? MaxCost = null);

/// <summary>One page of a search's photos.</summary>
/// <param name="Listing">The number of the listing that wrote it.</param>
/// <param name="Photos">How many photos it has, 0 to <see cref="MaxPhotos"/>.</param>
/// <param name="FirstBatch">Its first batch, counted over the whole search.</param>
public sealed record SearchPage(int Listing, int Photos, int FirstBatch)
{
    /// <summary>The largest number of photos of one page.</summary>
    public const int MaxPhotos = 256;

    /// <summary>How many batches it has.</summary>
    public int BatchCount() => (Photos + PhotoBatch.Size - 1) / PhotoBatch.Size;

    /// <summary>The keys of its batches, in order.</summary>
    /// <param name="search">The id of its search.</param>
    public IEnumerable<string> BatchKeys(string search) => Enumerable.Range(0, BatchCount()).Select(batch => StateKeys.Batch(search, Listing, batch));
}

/// <summary>Why a search failed, in the terms of RFC 9457.</summary>
/// <param name="Type">A stable slug, such as <c>album-gone</c>.</param>
/// <param name="Title">What is wrong, for a person.</param>
/// <param name="Detail">The way out.</param>
public sealed record SearchProblem(string Type, string Title, string Detail)
{
    /// <summary>A step of the search failed every time; the operator can have it tried again.</summary>
    public static SearchProblem FailedRepeatedly { get; } = new(
        "failed-repeatedly", "This search failed repeatedly.", "Start it again; if it fails again, tell the operator its id.");
}
