using System.Globalization;
using System.Net;
using FindMe.Pipeline;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace FindMe.Networks;

/// <summary>Searches X: recent search, the last seven days, newest first. X charges for each post read.</summary>
/// <remarks>https://docs.x.com/x-api/posts/search-recent-posts. The search resumes at its <c>next_token</c>, which does not expire.</remarks>
internal sealed class XSource(AccountCalls calls, XEstimates estimates, IOptions<XOptions> options, TimeProvider time) : IPhotoSource
{
    private const string NotApproved = "X prohibits facial recognition on its posts unless it approves in writing; the operator has not confirmed an approval.";

    // X's rate limits apply per 15 minutes.
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(15);

    // Recent search covers seven days.
    private static readonly TimeSpan Reach = TimeSpan.FromDays(7);

    // The dialect that X accepted last, in Auto mode; a wrong guess costs one call and no money.
    private XDialect _dialect = options.Value.Dialect == XDialect.Post ? XDialect.Post : XDialect.Tweet;

    public string Name => SourceNames.X;

    public string Title => "X";

    public IReadOnlyList<string> Fields => ["since", "until", "language", "limit", "maxCost"];

    public decimal? MaxCost => options.Value.MaxCost;

    public Task<SourceOffer> OfferAsync(Person? person, CancellationToken cancellationToken) => Task.FromResult(
        new SourceOffer("Query", "#dotnetconf OR \"dotnet conf\"", ObstacleOf(person)) { Note = $"X has approved this use; {options.Value.Contact} holds the approval." });

    public Task<SearchProblem?> CheckAsync(SourceQuery query, CancellationToken cancellationToken)
    {
        if (ObstacleOf(query.Person) is { } obstacle)
        {
            return Task.FromResult<SearchProblem?>(obstacle.ToProblem());
        }

        XQuery.TryBuild(query.Text, query.Terms.Language, options.Value.MaxQueryLength, out var refusal);
        return Task.FromResult(refusal is null ? null : new SearchProblem("query-refused", refusal, "Rewrite the query; nothing was paid."));
    }

    public SearchProblem? Check(SearchTerms terms) => terms.Since < time.GetUtcNow() - Reach || terms.Until < time.GetUtcNow() - Reach
        ? new SearchProblem("bad-period", "X searches the last seven days only.", "Choose a later time.")
        : null;

    public Task<SourceEstimate> EstimateAsync(SourceQuery query, CancellationToken cancellationToken) => estimates.EstimateAsync(query, cancellationToken);

    public decimal CostOfNextPage(Search search) => PostsOfNextPage(search) * options.Value.PriceOfPost;

    public async Task<SourcePage> ListAsync(Search search, CancellationToken cancellationToken)
    {
        if (!options.Value.ApprovedByX)
        {
            throw new SourceException(new SearchProblem("x-not-approved", "FindMe does not search X here.", NotApproved));
        }

        if (XQuery.TryBuild(search.Query, search.Terms.Language, options.Value.MaxQueryLength, out var problem) is not { } query)
        {
            throw new SourceException(new SearchProblem("query-refused", problem!, "Rewrite the query."));
        }

        var answer = await AskAsync(search, query, cancellationToken);
        if (answer.Status == HttpStatusCode.TooManyRequests && XAnswers.ProblemOf(answer) is null)
        {
            throw new SourceWaitException(ResetOf(answer));
        }

        if (!answer.IsSuccess)
        {
            throw XAnswers.ProblemOf(answer) is { } refusal
                ? new SourceException(refusal)
                : new SourceUnavailableException($"X answered with status {(int)answer.Status}.", mayHaveCost: false);
        }

        return XPosts.TryRead(answer) is { } page
            ? Read(page, search)
            : throw new SourceUnavailableException("X's response could not be read.", mayHaveCost: true);
    }

    private SourceObstacle? ObstacleOf(Person? person) =>
        !options.Value.ApprovedByX ? SourceObstacle.Operator(NotApproved, "x-not-approved")
        : options.Value.BearerToken is not { Length: > 0 } && person?.Accounts.Any(account => account.Network == Name) != true
            ? SourceObstacle.Account("Sign in with X: its search requires an account.")
            : null;

    private int PostsOfNextPage(Search search)
    {
        var price = options.Value.PriceOfPost;
        var wanted = Math.Clamp((search.Terms.Limit ?? int.MaxValue) - search.Posts, XOptions.MinPostsPerPage, XOptions.MaxPostsPerPage);
        var affordable = price == 0 ? wanted : (int)Math.Min(wanted, options.Value.LeftOf(search) / price);
        return affordable >= XOptions.MinPostsPerPage
            ? affordable
            : throw new SourceException(new SearchProblem(
                "cost-cap",
                $"The search has spent ${search.Cost:0.00} of its budget of ${options.Value.CapOf(search):0.00}.",
                $"What was found stays. Continue with a higher spending limit: the next page costs up to ${XOptions.MinPostsPerPage * price:0.00}."));
    }

    private async Task<FetchedAnswer> AskAsync(Search search, string query, CancellationToken cancellationToken)
    {
        var account = await calls.TokenAsync(search.Person, Name, cancellationToken);
        if (account is null && options.Value.BearerToken is not { Length: > 0 })
        {
            throw new SourceException(new SearchProblem("account-needed", "X's search requires an account.", "Sign in with X, then continue the search."));
        }

        var answer = await AskAsync(search, account, query, _dialect, cancellationToken);
        if (options.Value.Dialect != XDialect.Auto || !XAnswers.RefusesParameter(answer, FieldsOf(_dialect)))
        {
            return answer;
        }

        // X rejects unknown names before it charges: the second attempt is not charged twice.
        _dialect = _dialect == XDialect.Tweet ? XDialect.Post : XDialect.Tweet;
        return await AskAsync(search, account, query, _dialect, cancellationToken);
    }

    private Task<FetchedAnswer> AskAsync(Search search, AccountToken? account, string query, XDialect dialect, CancellationToken cancellationToken) =>
        calls.GetAsync(search.Person, account, options.Value.BearerToken, UrlOf(search, query, dialect), cancellationToken);

    private static string FieldsOf(XDialect dialect) => dialect == XDialect.Post ? "post.fields" : "tweet.fields";

    private Uri UrlOf(Search search, string query, XDialect dialect)
    {
        var parameters = new List<(string Name, string? Value)>
        {
            ("query", query),
            ("max_results", $"{PostsOfNextPage(search)}"),
            (FieldsOf(dialect), "created_at,attachments,possibly_sensitive"),
            // Not author_id: X charges per author. XAuthors looks up the authors of matches only.
            ("expansions", "attachments.media_keys"),
            ("media.fields", "media_key,type,url,preview_image_url,alt_text,width,height,variants"),
            ("next_token", search.Next),
            ("since_id", search.After),
            // X rejects times before its seven days; without a start it begins there anyway.
            ("start_time", search.After is null && search.Terms.Since is { } since && since > time.GetUtcNow() - TimeSpan.FromDays(6.99) ? Time(since) : null),
            ("end_time", search.Terms.Until is { } until && until < time.GetUtcNow() - TimeSpan.FromSeconds(30) ? Time(until) : null),
        };
        return new Uri(options.Value.Api, "/2/tweets/search/recent?" + string.Join('&', parameters
            .Where(parameter => parameter.Value is not null)
            .Select(parameter => $"{parameter.Name}={Uri.EscapeDataString(parameter.Value!)}")));
    }

    private SourcePage Read(XPage page, Search search)
    {
        var (photos, notices) = XPosts.Photos(page);
        var posts = page.Data?.Count ?? 0;
        return new SourcePage(photos, posts, page.Meta?.NextToken)
        {
            Newest = search.Next is null ? page.Meta?.NewestId : null,
            Cost = (posts * options.Value.PostPrice) + ((page.Includes?.Media?.Count ?? 0) * options.Value.MediaPrice),
            Notices = notices,
        };
    }

    private DateTimeOffset ResetOf(FetchedAnswer answer) => RateLimits.Until(
        long.TryParse(answer.Header("x-rate-limit-reset"), NumberStyles.None, null, out var seconds) && seconds < 253_402_300_800 ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null,
        Window,
        time.GetUtcNow());

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");
}

internal static class XSourceServices
{
    public static void AddXSource(this IServiceCollection services)
    {
        services.AddOptions<XOptions>().BindConfiguration(XOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<XOptions>, XOptionsValidator>();
        services.AddSingleton<XEstimates>();
        services.AddSingleton<XAuthors>();
        services.AddSingleton<IPhotoSource, XSource>();
    }
}
