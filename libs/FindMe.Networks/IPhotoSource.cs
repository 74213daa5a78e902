using FindMe.Pipeline;

namespace FindMe.Networks;

/// <summary>Lists photos from one kind of place. A new source is one folder here and one line in <see cref="SourceServices.AddPhotoSources"/>.</summary>
/// <remarks>Api uses it to offer, check and price searches; Collect lists its photos.</remarks>
public interface IPhotoSource
{
    /// <summary>The kind of source, as in <see cref="Search.Source"/>.</summary>
    string Name { get; }

    /// <summary>The source's name on the page.</summary>
    string Title { get; }

    /// <summary>Which of <c>since</c>, <c>until</c>, <c>language</c>, <c>limit</c> and <c>maxCost</c> a search supports besides its query. Default none.</summary>
    IReadOnlyList<string> Fields => [];

    /// <summary>The most that one search may cost, in US dollars. Default null: searches are free.</summary>
    decimal? MaxCost => null;

    /// <summary>Returns what a person can search here.</summary>
    /// <param name="person">The person's document; null before they consent.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    Task<SourceOffer> OfferAsync(Person? person, CancellationToken cancellationToken);

    /// <summary>Checks a query before anything is started or paid.</summary>
    /// <param name="query">The person's query.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>Why it cannot be searched; null when it can.</returns>
    Task<SearchProblem?> CheckAsync(SourceQuery query, CancellationToken cancellationToken);

    /// <summary>Returns what the person knows a query by, where the query itself is an id. Default null: they know the query.</summary>
    /// <param name="query">A query that was checked.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    Task<string?> NameAsync(SourceQuery query, CancellationToken cancellationToken) => Task.FromResult<string?>(null);

    /// <summary>Checks the terms of a search, beyond the checks that every source shares.</summary>
    /// <param name="terms">The terms: only members listed in <see cref="Fields"/> are set.</param>
    /// <returns>Null when the terms are valid.</returns>
    SearchProblem? Check(SearchTerms terms) => null;

    /// <summary>Estimates the cost of a search. Default: free.</summary>
    /// <param name="query">A query that was checked.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="SourceException">The source rejects the search.</exception>
    /// <exception cref="SourceUnavailableException">The source does not answer.</exception>
    Task<SourceEstimate> EstimateAsync(SourceQuery query, CancellationToken cancellationToken) => Task.FromResult(SourceEstimate.Free);

    /// <summary>The most that the next page can cost, in US dollars. This amount counts as spent until the page reports its actual cost.</summary>
    /// <param name="search">The search as it is before the page.</param>
    /// <exception cref="SourceException">The page would exceed the search's budget.</exception>
    decimal CostOfNextPage(Search search) => 0;

    /// <summary>Lists the photos after <see cref="Search.Next"/>, newest first if the source has an order in time.</summary>
    /// <remarks>Pages may overlap: Collect drops photos that are already listed, by <see cref="SourcePhoto.Id"/>.</remarks>
    /// <param name="search">The search, with the place where its last page ended.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="SourceException">The source rejects the request; an immediate retry will not help.</exception>
    /// <exception cref="SourceWaitException">The source limits requests until a given time.</exception>
    /// <exception cref="SourceUnavailableException">The source does not answer.</exception>
    Task<SourcePage> ListAsync(Search search, CancellationToken cancellationToken);
}

/// <summary>A page of photos.</summary>
/// <param name="Photos">Any number of photos; a page before the last one may have none.</param>
/// <param name="Posts">How many posts were read.</param>
/// <param name="Next">Where the source continues, in the source's own format; null for the last page.</param>
public sealed record SourcePage(IReadOnlyList<SourcePhoto> Photos, int Posts, string? Next)
{
    /// <summary>The new value of <see cref="Search.Newest"/>; null to keep the old one.</summary>
    public string? Newest { get; init; }

    /// <summary>The actual cost of the page, in US dollars.</summary>
    public decimal Cost { get; init; }

    /// <summary>Sentences for the person about photos that could not be read; a search shows each sentence once.</summary>
    public IReadOnlyList<string> Notices { get; init; } = [];
}

/// <summary>A photo that a source lists.</summary>
/// <param name="Id">The source's id of the photo: the same whenever the same photo of the same post is listed.</param>
/// <param name="Post">The post that carries it.</param>
/// <param name="Locator">Where to read the photo.</param>
public sealed record SourcePhoto(string Id, Post Post, PhotoLocator Locator);

/// <summary>A source rejects further requests. Listed photos are kept and compared, and the search can be continued.</summary>
/// <param name="problem">The problem to show to the person.</param>
public sealed class SourceException(SearchProblem problem) : Exception(problem.Title)
{
    /// <summary>The problem to show to the person.</summary>
    public SearchProblem Problem { get; } = problem;
}

/// <summary>A source's rate limit is reached. Not a failure, and nothing was paid.</summary>
/// <param name="until">When requests are allowed again.</param>
public sealed class SourceWaitException(DateTimeOffset until) : Exception("The source's rate limit is reached.")
{
    /// <summary>When requests are allowed again.</summary>
    public DateTimeOffset Until { get; } = until;
}

/// <summary>A source does not respond, or its response cannot be read.</summary>
/// <param name="reason">What happened, one sentence for the person.</param>
/// <param name="mayHaveCost">Whether the page may have been charged nevertheless, because a response was on its way.</param>
public sealed class SourceUnavailableException(string reason, bool mayHaveCost) : Exception(reason)
{
    /// <summary>Whether the page may have been charged nevertheless.</summary>
    public bool MayHaveCost { get; } = mayHaveCost;
}
