using FindMe.Pipeline;

namespace FindMe.Networks;

/// <summary>A place where photos come from. A new one is one folder here and one line in <see cref="SourceServices.AddPhotoSources"/>.</summary>
/// <remarks>Api asks it what it offers, whether it takes a search and what that would cost; Collect lists its photos.</remarks>
public interface IPhotoSource
{
    /// <summary>The kind of source that <see cref="Search.Source"/> names.</summary>
    string Name { get; }

    /// <summary>What a person calls it.</summary>
    string Title { get; }

    /// <summary>Which of <c>since</c>, <c>until</c>, <c>language</c>, <c>limit</c> and <c>maxCost</c> a search takes besides its query. Default none.</summary>
    IReadOnlyList<string> Fields => [];

    /// <summary>The most that one search may cost, in US dollars; null: it costs nothing. Default null.</summary>
    decimal? MaxCost => null;

    /// <summary>What a person can search here.</summary>
    /// <param name="person">Their document; null: they have not agreed yet.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<SourceOffer> OfferAsync(Person? person, CancellationToken cancellationToken);

    /// <summary>Checks what somebody wants to search, before anything is begun or paid.</summary>
    /// <param name="query">What they want.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Why it cannot be searched; null: it can.</returns>
    Task<SearchProblem?> CheckAsync(SourceQuery query, CancellationToken cancellationToken);

    /// <summary>Checks what bounds a search, beyond what is checked of every source.</summary>
    /// <param name="terms">The bounds, of <see cref="Fields"/> alone.</param>
    /// <returns>Null: nothing is wrong with them.</returns>
    SearchProblem? Check(SearchTerms terms) => null;

    /// <summary>What a search would cost. Default: nothing.</summary>
    /// <param name="query">What was checked.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SourceException">The source does not take the search.</exception>
    /// <exception cref="SourceUnavailableException">The source does not say.</exception>
    Task<SourceEstimate> EstimateAsync(SourceQuery query, CancellationToken cancellationToken) => Task.FromResult(SourceEstimate.Free);

    /// <summary>What the next page can cost at most, in US dollars; it counts as spent until the page says what it did cost.</summary>
    /// <param name="search">The search as it is before the page.</param>
    /// <exception cref="SourceException">The search may not cost as much.</exception>
    decimal CostOfNextPage(Search search) => 0;

    /// <summary>Lists the photos that come after <see cref="Search.Next"/>, newest first where the source has an order in time.</summary>
    /// <remarks>Pages may overlap: Collect leaves out what is listed already, by <see cref="SourcePhoto.Id"/>.</remarks>
    /// <param name="search">What to search, and where the last page ended.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SourceException">The source does not let FindMe go on; asking again at once will not help.</exception>
    /// <exception cref="SourceWaitException">The source says when it may be asked again.</exception>
    /// <exception cref="SourceUnavailableException">The source does not answer.</exception>
    Task<SourcePage> ListAsync(Search search, CancellationToken cancellationToken);
}

/// <summary>A page of photos.</summary>
/// <param name="Photos">Any number; may be none on a page in between.</param>
/// <param name="Posts">How many posts were looked through.</param>
/// <param name="Next">Where the source goes on, in its own terms; null: this was the last page.</param>
public sealed record SourcePage(IReadOnlyList<SourcePhoto> Photos, int Posts, string? Next)
{
    /// <summary>What to remember as <see cref="Search.Newest"/>; null: nothing new.</summary>
    public string? Newest { get; init; }

    /// <summary>What it did cost, in US dollars.</summary>
    public decimal Cost { get; init; }

    /// <summary>What could not be had, sentences for a person; the same sentence is told once a search.</summary>
    public IReadOnlyList<string> Notices { get; init; } = [];
}

/// <summary>A photo that a source lists.</summary>
/// <param name="Id">What the source calls it: the same whenever the same photo of the same post is listed.</param>
/// <param name="Post">The post that carries it.</param>
/// <param name="Locator">Where it is had.</param>
public sealed record SourcePhoto(string Id, Post Post, PhotoLocator Locator);

/// <summary>A source does not let FindMe go on. What is listed stays and is compared, and the search can be continued.</summary>
/// <param name="problem">What to tell the person.</param>
public sealed class SourceException(SearchProblem problem) : Exception(problem.Title)
{
    /// <summary>What to tell the person.</summary>
    public SearchProblem Problem { get; } = problem;
}

/// <summary>A source may not be asked before a time: a rate limit. It is no failure, and nothing was paid.</summary>
/// <param name="until">When it may be asked again.</param>
public sealed class SourceWaitException(DateTimeOffset until) : Exception("The source limits how often it may be asked.")
{
    /// <summary>When it may be asked again.</summary>
    public DateTimeOffset Until { get; } = until;
}

/// <summary>A source does not answer, or not in its own terms.</summary>
/// <param name="reason">What happened, for a person.</param>
/// <param name="mayHaveCost">Whether the page may have been paid nevertheless: an answer was on its way.</param>
public sealed class SourceUnavailableException(string reason, bool mayHaveCost) : Exception(reason)
{
    /// <summary>Whether the page may have been paid nevertheless.</summary>
    public bool MayHaveCost { get; } = mayHaveCost;
}
