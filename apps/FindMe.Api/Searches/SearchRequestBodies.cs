using System.Text.RegularExpressions;
using FindMe.Networks;
using FindMe.Pipeline;
using Microsoft.AspNetCore.Http.HttpResults;

namespace FindMe.Api;

/// <summary>A search to begin, or to estimate.</summary>
/// <param name="Source">The kind of source: <c>name</c> in <c>GET /api/sources</c>.</param>
/// <param name="Query">What to search there: an album's name, an upload's id, hashtags, words.</param>
/// <param name="Since">Only posts from then on.</param>
/// <param name="Until">Only posts before then.</param>
/// <param name="Language">Only posts in this language, ISO 639.</param>
/// <param name="Limit">Posts to look through, 1 to 10,000; default 1,000.</param>
/// <param name="MaxCost">The most that it may cost, in US dollars; needed where a source is paid.</param>
internal sealed record SearchRequestBody(
    string? Source, string? Query, DateTimeOffset? Since = null, DateTimeOffset? Until = null, string? Language = null, int? Limit = null, decimal? MaxCost = null);

/// <summary>Checks what people ask to search, before anything is begun or paid: what is common to all sources here, the rest by the source itself.</summary>
internal sealed partial class SearchRequestBodies(IEnumerable<IPhotoSource> sources, TimeProvider time)
{
    private const int DefaultLimit = 1_000;
    private const int MaxLimit = 10_000;

    // Longer ones are no query of a person, and no network takes them.
    private const int MaxQuery = 1_000;

    /// <summary>The source that a request names; null: there is none of that name.</summary>
    public IPhotoSource? SourceOf(string? name) => sources.FirstOrDefault(source => source.Name == name);

    /// <summary>Checks a body.</summary>
    /// <returns>What to search, or the problem.</returns>
    public async Task<(string Source, string Query, SearchTerms Terms, ProblemHttpResult? Problem)> CheckAsync(
        SearchRequestBody body, CurrentUser user, CancellationToken cancellationToken)
    {
        var (source, query) = (SourceOf(body.Source), body.Query?.Trim() ?? "");
        var limit = source?.Fields.Contains("limit") == true ? body.Limit ?? DefaultLimit : (int?)null;
        var terms = new SearchTerms(body.Since, body.Until, body.Language?.ToLowerInvariant(), limit, body.MaxCost);
        var problem = await QueryProblemAsync(source, body, new SourceQuery(user.Id, user.Person, query, terms), cancellationToken)
            ?? TermsProblem(source, body, terms)
            ?? ProblemOf(body.Source ?? "", body.Limit, body.MaxCost, 0)
            ?? (source?.MaxCost is not null && body.MaxCost is null
                ? Problems.Of(422, "max-cost-missing", $"{source.Title} charges for each post that is read.", "Say with maxCost how much the search may cost; POST /api/searches/estimate says how much it would.")
                : null);
        return (body.Source ?? "", query, terms, problem);
    }

    /// <summary>Checks how far a search may go.</summary>
    public ProblemHttpResult? ProblemOf(string source, int? limit, decimal? maxCost, decimal spent)
    {
        var (fields, most) = SourceOf(source) is { } known ? (known.Fields, known.MaxCost) : ([], null);
        if ((limit is not null && !fields.Contains("limit")) || (maxCost is not null && !fields.Contains("maxCost")))
        {
            return Unsupported(source, limit is not null && !fields.Contains("limit") ? "limit" : "maxCost");
        }

        if (limit is < 1 or > MaxLimit)
        {
            return Problems.Of(422, "bad-limit", $"A search looks through 1 to {MaxLimit} posts.", "Choose a limit between them.");
        }

        return maxCost <= spent || maxCost > most
            ? Problems.Of(422, "bad-max-cost", $"A search may cost more than ${spent:0.00}, and ${most:0.00} at most.", "Choose a maxCost between them.")
            : null;
    }

    private static async Task<ProblemHttpResult?> QueryProblemAsync(IPhotoSource? source, SearchRequestBody body, SourceQuery query, CancellationToken cancellationToken)
    {
        if (query.Text.Length > MaxQuery)
        {
            return Problems.Of(422, "query-refused", $"The query has {query.Text.Length} characters.", $"Write at most {MaxQuery}.");
        }

        return source is null
            ? Problems.Of(422, "unknown-source", $"FindMe cannot search “{body.Source}”.", "GET /api/sources says what can be searched.")
            : ResultOf(await source.CheckAsync(query, cancellationToken));
    }

    private ProblemHttpResult? TermsProblem(IPhotoSource? source, SearchRequestBody body, SearchTerms terms)
    {
        foreach (var (name, isGiven) in new[] { ("since", body.Since is not null), ("until", body.Until is not null), ("language", body.Language is not null) })
        {
            if (isGiven && source?.Fields.Contains(name) != true)
            {
                return Unsupported(body.Source ?? "", name);
            }
        }

        if (body.Since >= body.Until || body.Since > time.GetUtcNow())
        {
            return Problems.Of(422, "bad-period", "There is no time between since and until.", "`since` must be earlier than `until`, and in the past.");
        }

        return ResultOf(source?.Check(terms))
            ?? (body.Language is not null && !Language().IsMatch(body.Language)
                ? Problems.Of(422, "bad-language", "This is not the code of a language.", "Write two or three letters, such as en.")
                : null);
    }

    private static ProblemHttpResult? ResultOf(SearchProblem? problem) => problem is null ? null : Problems.Of(422, problem.Type, problem.Title, problem.Detail);

    private static ProblemHttpResult Unsupported(string source, string field) =>
        Problems.Of(422, "unsupported-field", $"The source {source} does not take {field}.", "GET /api/sources says which fields each source takes.");

    [GeneratedRegex("^[A-Za-z]{2,3}$")]
    private static partial Regex Language();
}
