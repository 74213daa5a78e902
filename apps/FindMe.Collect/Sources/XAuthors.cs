using FindMe.Pipeline;
using Microsoft.Extensions.Options;

namespace FindMe.Collect;

/// <summary>Who posted something on X: https://docs.x.com/x-api/posts/get-posts-by-ids. Each post and each author is paid for.</summary>
internal sealed class XAuthors(AccountCalls calls, IOptions<XOptions> options) : IPostAuthors
{
    public string Network => SourceNames.X;

    public decimal CostOf(int posts) => posts * (options.Value.PostPrice + options.Value.UserPrice);

    public decimal LeftOf(Search search) => Math.Min(search.Terms.MaxCost ?? 0, options.Value.MaxCost) - search.Cost;

    public async Task<AuthorsFound> FindAsync(Search search, IReadOnlyList<string> posts, CancellationToken cancellationToken)
    {
        var account = await calls.TokenAsync(search.Person, Network, cancellationToken);
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
