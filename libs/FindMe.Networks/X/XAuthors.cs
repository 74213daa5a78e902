using FindMe.Pipeline;
using Microsoft.Extensions.Options;

namespace FindMe.Networks;

/// <summary>Who posted something on X: https://docs.x.com/x-api/posts/get-posts-by-ids. Each post and each author is paid for.</summary>
internal sealed class XAuthors(AccountCalls calls, IOptions<XOptions> options)
{
    /// <summary>What the authors of so many posts can cost at most, in US dollars.</summary>
    public decimal CostOf(int posts) => posts * (options.Value.PostPrice + options.Value.UserPrice);

    /// <summary>Whether the search may still cost so much.</summary>
    public bool MayCost(Search search, decimal cost) => options.Value.LeftOf(search) >= cost;

    /// <summary>Finds out who posted.</summary>
    /// <param name="search">The search, whose person asks.</param>
    /// <param name="posts">The posts' ids: 1 to <see cref="PhotoBatch.Size"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SourceException">X does not let FindMe in.</exception>
    /// <exception cref="SourceUnavailableException">It does not answer.</exception>
    public async Task<AuthorsFound> FindAsync(Search search, IReadOnlyList<string> posts, CancellationToken cancellationToken)
    {
        var account = await calls.TokenAsync(search.Person, SourceNames.X, cancellationToken);
        // Both dialects know the expansion; the field author_id only the older one.
        var url = new Uri(options.Value.Api, $"/2/tweets?ids={Uri.EscapeDataString(string.Join(',', posts))}&expansions=author_id&user.fields=username");
        var answer = await calls.GetAsync(search.Person, account, options.Value.BearerToken, url, cancellationToken);
        if (!answer.IsSuccess)
        {
            throw new SourceUnavailableException($"X answers {(int)answer.Status}.", mayHaveCost: false);
        }

        if (XAnswers.TryRead<XPage>(answer) is not { } page)
        {
            throw new SourceUnavailableException("X does not answer in its own words.", mayHaveCost: true);
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

/// <summary>Who posted what.</summary>
/// <param name="Authors">Post → the author's handle, for those that X knows.</param>
/// <param name="Cost">What it did cost, in US dollars.</param>
internal sealed record AuthorsFound(IReadOnlyDictionary<string, string> Authors, decimal Cost);
