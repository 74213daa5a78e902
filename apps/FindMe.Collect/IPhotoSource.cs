using FindMe.Pipeline;

namespace FindMe.Collect;

/// <summary>A place where people post photos. A new one is one class and one registration.</summary>
internal interface IPhotoSource
{
    /// <summary>The kind of source that <see cref="Search.Source"/> names.</summary>
    string Name { get; }

    /// <summary>Lists the photos that come after <see cref="Search.Next"/>.</summary>
    /// <param name="search">What to search, and where the last page ended.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SourceException">The source cannot be searched; trying again will not help.</exception>
    Task<SourcePage> ListAsync(Search search, CancellationToken cancellationToken);
}

/// <summary>A page of photos.</summary>
/// <param name="Photos">At most <see cref="PageLayout.MaxPhotosPerPage"/>.</param>
/// <param name="Posts">How many posts carried them.</param>
/// <param name="Next">Where the source goes on, in its own terms; null: this was the last page.</param>
internal sealed record SourcePage(IReadOnlyList<SourcePhoto> Photos, int Posts, string? Next);

/// <summary>A photo that a source lists.</summary>
/// <param name="Id">What the source calls it.</param>
/// <param name="Post">The post that carries it.</param>
/// <param name="Locator">Where it is had.</param>
internal sealed record SourcePhoto(string Id, Post Post, PhotoLocator Locator);

/// <summary>A source cannot be searched; trying again will not help.</summary>
/// <param name="problem">What to tell the person.</param>
internal sealed class SourceException(SearchProblem problem) : Exception(problem.Title)
{
    /// <summary>What to tell the person.</summary>
    public SearchProblem Problem { get; } = problem;
}
