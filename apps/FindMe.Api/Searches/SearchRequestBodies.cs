using System.Text.RegularExpressions;
using Dapr.Client;
using FindMe.Networks;
using FindMe.Pipeline;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

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

/// <summary>Checks what people body to search, for each source, before anything is begun or paid.</summary>
internal sealed partial class SearchRequestBodies(
    SharedAlbums albums, DaprClient dapr, IOptions<MastodonOptions> mastodon, IOptions<BlueskyOptions> bluesky, IOptions<XOptions> x, TimeProvider time)
{
    private const int DefaultLimit = 1_000;
    private const int MaxLimit = 10_000;

    // Longer ones are no query of a person, and no network takes them.
    private const int MaxQuery = 1_000;

    // Recent search reaches seven days back.
    private static readonly TimeSpan XReach = TimeSpan.FromDays(7);

    /// <summary>The names of what a source takes besides its query.</summary>
    public static IReadOnlyList<string> FieldsOf(string source) => source switch
    {
        SourceNames.Hashtags or SourceNames.Mastodon or SourceNames.Bluesky => ["since", "until", "language", "limit"],
        SourceNames.X => ["since", "until", "language", "limit", "maxCost"],
        _ => [],
    };

    /// <summary>Why this person cannot search a network now; null: they can.</summary>
    public (string Needs, string Reason)? Obstacle(string source, Person? person)
    {
        var hasAccount = person?.Accounts.Any(account => account.Network == source) == true;
        return source switch
        {
            SourceNames.Hashtags => Obstacle(SourceNames.Mastodon, person) is { } one && Obstacle(SourceNames.Bluesky, person) is not null ? one : null,
            SourceNames.Mastodon when !hasAccount && mastodon.Value.Instances.Count == 0 => ("account", "Sign in with Mastodon: the operator has named no instance."),
            SourceNames.Bluesky when !hasAccount && !bluesky.Value.HasAccount => ("account", "Sign in with Bluesky: its search answers accounts only."),
            SourceNames.X when !x.Value.ApprovedByX =>
                ("operator", "X prohibits facial recognition on its posts unless it approves of it in writing; the operator has not said that it does."),
            SourceNames.X when !hasAccount && x.Value.BearerToken is not { Length: > 0 } => ("account", "Sign in with X: its search answers accounts only."),
            _ => null,
        };
    }

    /// <summary>Checks a body.</summary>
    /// <returns>What to search, or the problem.</returns>
    public async Task<(string Source, string Query, SearchTerms Terms, ProblemHttpResult? Problem)> CheckAsync(
        SearchRequestBody body, CurrentUser user, CancellationToken cancellationToken)
    {
        var (source, query) = (body.Source ?? "", body.Query?.Trim() ?? "");
        var problem = await QueryProblemAsync(source, query, body.Language, user, cancellationToken)
            ?? TermsProblem(source, body)
            ?? ProblemOf(source, body.Limit, body.MaxCost, 0, x.Value)
            ?? (source == SourceNames.X && body.MaxCost is null
                ? Problems.Of(422, "max-cost-missing", "X charges for each post that is read.", "Say with maxCost how much the search may cost; POST /api/searches/estimate says how much it would.")
                : null);
        var limit = FieldsOf(source).Contains("limit") ? body.Limit ?? DefaultLimit : (int?)null;
        return (source, query, new SearchTerms(body.Since, body.Until, body.Language?.ToLowerInvariant(), limit, body.MaxCost), problem);
    }

    /// <summary>Checks how far a search may go.</summary>
    public static ProblemHttpResult? ProblemOf(string source, int? limit, decimal? maxCost, decimal spent, XOptions x)
    {
        var fields = FieldsOf(source);
        if ((limit is not null && !fields.Contains("limit")) || (maxCost is not null && !fields.Contains("maxCost")))
        {
            return Unsupported(source, limit is not null && !fields.Contains("limit") ? "limit" : "maxCost");
        }

        if (limit is < 1 or > MaxLimit)
        {
            return Problems.Of(422, "bad-limit", $"A search looks through 1 to {MaxLimit} posts.", "Choose a limit between them.");
        }

        return maxCost <= spent || maxCost > x.MaxCost
            ? Problems.Of(422, "bad-max-cost", $"A search may cost more than ${spent:0.00}, and ${x.MaxCost:0.00} at most.", "Choose a maxCost between them.")
            : null;
    }

    private async Task<ProblemHttpResult?> QueryProblemAsync(string source, string query, string? language, CurrentUser user, CancellationToken cancellationToken)
    {
        if (query.Length > MaxQuery)
        {
            return Problems.Of(422, "query-refused", $"The query has {query.Length} characters.", $"Write at most {MaxQuery}.");
        }

        if (Obstacle(source, user.Person) is var (needs, reason))
        {
            return needs == "operator"
                ? Problems.Of(422, source == SourceNames.X ? "x-not-approved" : "not-offered", "This source is not offered here.", reason)
                : Problems.Of(422, "account-needed", "This source needs an account.", reason);
        }

        switch (source)
        {
            case SourceNames.Album:
                return albums.MaySee(user.Person, query) ? null
                    : Problems.Of(422, "unknown-album", $"There is no album named “{query}”.", "GET /api/sources says which there are; the operator adds one with --album FOLDER.");
            case SourceNames.Zip:
                return UploadId().IsMatch(query)
                    && await dapr.GetStateAsync<Upload>(StateKeys.Store, StateKeys.Upload(query), cancellationToken) is { } upload
                    && upload.Person == user.Id
                    ? null
                    : Problems.Of(422, "unknown-upload", "There is no such upload.", "Send a ZIP file to POST /api/uploads; it is deleted after a while.");
            case SourceNames.Hashtags or SourceNames.Mastodon:
                return Hashtags.TryParse(query) is not null ? null
                    : Problems.Of(422, "no-hashtag", "FindMe searches hashtags there.", $"Write one to {Hashtags.Max}, such as #dotnetconf.");
            case SourceNames.Bluesky:
                return query.Length > 0 ? null : Problems.Of(422, "query-refused", "There is nothing to search for.", "Write words or hashtags.");
            case SourceNames.X:
                XQuery.TryBuild(query, language, x.Value.MaxQueryLength, out var refusal);
                return refusal is null ? null : Problems.Of(422, "query-refused", refusal, "Write the query in another way; nothing was paid.");
            default:
                return Problems.Of(422, "unknown-source", $"FindMe cannot search “{source}”.", "GET /api/sources says what can be searched.");
        }
    }

    private ProblemHttpResult? TermsProblem(string source, SearchRequestBody body)
    {
        var fields = FieldsOf(source);
        foreach (var (name, isGiven) in new[] { ("since", body.Since is not null), ("until", body.Until is not null), ("language", body.Language is not null) })
        {
            if (isGiven && !fields.Contains(name))
            {
                return Unsupported(source, name);
            }
        }

        if (body.Since >= body.Until || body.Since > time.GetUtcNow())
        {
            return Problems.Of(422, "bad-period", "There is no time between since and until.", "`since` must be earlier than `until`, and in the past.");
        }

        if (source == SourceNames.X && (body.Since < time.GetUtcNow() - XReach || body.Until < time.GetUtcNow() - XReach))
        {
            return Problems.Of(422, "bad-period", "X shows the last seven days only.", "Choose a later time.");
        }

        return body.Language is not null && !Language().IsMatch(body.Language)
            ? Problems.Of(422, "bad-language", "This is not the code of a language.", "Write two or three letters, such as en.")
            : null;
    }

    private static ProblemHttpResult Unsupported(string source, string field) =>
        Problems.Of(422, "unsupported-field", $"The source {source} does not take {field}.", "GET /api/sources says which fields each source takes.");

    [GeneratedRegex("^[0-9a-f]{32}$")]
    private static partial Regex UploadId();

    [GeneratedRegex("^[A-Za-z]{2,3}$")]
    private static partial Regex Language();
}
