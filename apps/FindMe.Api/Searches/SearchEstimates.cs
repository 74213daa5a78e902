using System.Net;
using System.Net.Http.Headers;
using FindMe.Networks;
using FindMe.Pipeline;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>What a search would cost.</summary>
/// <param name="Posts">Posts that it would look through; null: not known beforehand.</param>
/// <param name="Cost">What it would cost at most, in US dollars.</param>
/// <param name="Currency"><c>USD</c>.</param>
/// <param name="Spent">What this estimate has cost.</param>
internal sealed record SearchEstimate(int? Posts, decimal Cost, string Currency, decimal Spent);

/// <summary>POST an estimate: what a search would cost, before it is begun. Where a source is paid, it is asked how much there is.</summary>
internal static class SearchEstimates
{
    public static void MapSearchEstimates(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/searches/estimate", EstimateAsync).RequireCaller().WithSummary("What a search would cost; takes what POST /api/searches takes.");

    private static async Task<Results<Ok<SearchEstimate>, ProblemHttpResult>> EstimateAsync(
        SearchRequestBody body, CurrentUser user, SearchRequestBodies bodies, OutsideHttp http, Accounts accounts, IOptions<XOptions> options, CancellationToken cancellationToken)
    {
        // The estimate is what the person sets their limit by: it needs none yet.
        var (source, query, terms, problem) = await bodies.CheckAsync(body with { MaxCost = body.Source == SourceNames.X ? options.Value.MaxCost : body.MaxCost }, user, cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        if (source != SourceNames.X)
        {
            return TypedResults.Ok(new SearchEstimate(null, 0, "USD", 0));
        }

        var x = options.Value;
        var built = XQuery.TryBuild(query, terms.Language, x.MaxQueryLength, out _)!;
        var period = (terms.Since is { } since ? $"&start_time={Time(since)}" : "") + (terms.Until is { } until ? $"&end_time={Time(until)}" : "");
        var url = new Uri(x.Api, $"/2/tweets/counts/recent?query={Uri.EscapeDataString(built)}{period}");
        try
        {
            var answer = await AskAsync(http, accounts, user.Id, url, x.BearerToken, cancellationToken);
            if (answer.IsSuccess && XAnswers.TryRead<XCounts>(answer)?.Meta?.Total is { } total)
            {
                var posts = Math.Min(total, terms.Limit ?? total);
                return TypedResults.Ok(new SearchEstimate(posts, x.CostOf(posts), "USD", x.CountPrice));
            }

            return XAnswers.ProblemOf(answer) is { } refusal
                ? Problems.Of(answer.Status == HttpStatusCode.BadRequest ? 422 : 503, refusal.Type, refusal.Title, refusal.Detail)
                : Problems.Of(503, "source-unavailable", "X does not say now how many posts there are.", "Try again in a few minutes.");
        }
        catch (FetchException exception)
        {
            return Problems.Of(503, "source-unavailable", exception.Message, "Try again in a few minutes.");
        }
    }

    private static async Task<FetchedAnswer> AskAsync(
        OutsideHttp http, Accounts accounts, string person, Uri url, string? appToken, CancellationToken cancellationToken)
    {
        var account = await accounts.TokenAsync(person, SourceNames.X, cancellationToken);
        var answer = await GetAsync(account?.AccessToken ?? appToken);
        return answer.Status == HttpStatusCode.Unauthorized && account is not null && await accounts.RefreshAsync(person, account, cancellationToken) is { } renewed
            ? await GetAsync(renewed.AccessToken)
            : answer;

        Task<FetchedAnswer> GetAsync(string? token) => http.SendAsync(
            new FetchRequest(url) { Accept = "application/json", Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token) }, cancellationToken);
    }

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");
}
