using FindMe.Pipeline;
using Microsoft.Extensions.Options;

namespace FindMe.Networks;

/// <summary>Looks up the authors of posts on X: https://docs.x.com/x-api/posts/get-posts-by-ids. X charges for each post and each author.</summary>
internal sealed class XAuthors(AccountCalls calls, IOptions<XOptions> options)
{
    /// <summary>The most that the authors of this many posts can cost, in US dollars.</summary>
    public decimal CostOf(int posts) => posts * (options.Value.PostPrice + options.Value.UserPrice);

    /// <summary>Whether the search's budget covers a cost.</summary>
    public bool MayCost(Search search, decimal cost) => options.Value.LeftOf(search) >= cost;

    /// <summary>Looks up the authors of posts.</summary>
    /// <param name="search">The search, whose person signs the request.</param>
    /// <param name="posts">The posts' ids: 1 to <see cref="PhotoBatch.Size"/>.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="SourceException">X rejects the sign-in.</exception>
    /// <exception cref="SourceUnavailableException">X does not answer.</exception>
    public async Task<AuthorsFound> FindAsync(Search search, IReadOnlyList<string> posts, CancellationToken cancellationToken)
    {
        var account = await calls.TokenAsync(search.Person, SourceNames.X, cancellationToken);
        // Both dialects support the expansion; only the older one has the field author_id.
        var url = new Uri(options.Value.Api, $"/2/tweets?ids={Uri.EscapeDataString(string.Join(',', posts))}&expansions=author_id&user.fields=username");
        var answer = await calls.GetAsync(search.Person, account, options.Value.BearerToken, url, cancellationToken);
        if (!answer.IsSuccess)
        {
            throw new SourceUnavailableException($"X answered with status {(int)answer.Status}.", mayHaveCost: false);
        }

        if (XAnswers.TryRead<XPage>(answer) is not { } page)
        {
            throw new SourceUnavailableException("X's response could not be read.", mayHaveCost: true);
        }

        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var user in page.Includes?.Users ?? [])
        {
            if (user is { Id: { } id, Username: { Length: > 0 } name })
            {
                names[id] = name;
            }
        }

        var authors = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var post in page.Data ?? [])
        {
            if (post is { Id: { } id, AuthorId: { } author } && names.TryGetValue(author, out var name))
            {
                authors[id] = name;
            }
        }

        return new AuthorsFound(authors, ((page.Data?.Count ?? 0) * options.Value.PostPrice) + ((page.Includes?.Users?.Count ?? 0) * options.Value.UserPrice));
    }

    private sealed record XPage(IReadOnlyList<XPost?>? Data, XIncludes? Includes);

    private sealed record XPost(string? Id, string? AuthorId);

    private sealed record XIncludes(IReadOnlyList<XUser?>? Users);

    private sealed record XUser(string? Id, string? Username);
}

/// <summary>The authors of posts.</summary>
/// <param name="Authors">Maps a post's id to its author's handle, for the posts that X returned.</param>
/// <param name="Cost">The cost of the lookup, in US dollars.</param>
internal sealed record AuthorsFound(IReadOnlyDictionary<string, string> Authors, decimal Cost);
