using System.Net;
using System.Net.Http.Headers;
using FindMe.Pipeline;
using Microsoft.Extensions.Options;

namespace FindMe.Networks;

/// <summary>Estimates the cost of a search on X. X charges for the count of posts: https://docs.x.com/x-api/posts/get-count-of-recent-posts.</summary>
internal sealed class XEstimates(OutsideHttp http, Accounts accounts, IOptions<XOptions> options)
{
    /// <summary>Estimates a query that was checked.</summary>
    /// <exception cref="SourceException">X rejects the query.</exception>
    /// <exception cref="SourceUnavailableException">X does not answer.</exception>
    public async Task<SourceEstimate> EstimateAsync(SourceQuery query, CancellationToken cancellationToken)
    {
        var (x, terms) = (options.Value, query.Terms);
        var built = XQuery.TryBuild(query.Text, terms.Language, x.MaxQueryLength, out _)!;
        var period = (terms.Since is { } since ? $"&start_time={Time(since)}" : "") + (terms.Until is { } until ? $"&end_time={Time(until)}" : "");
        var answer = await AskAsync(query.PersonId, new Uri(x.Api, $"/2/tweets/counts/recent?query={Uri.EscapeDataString(built)}{period}"), cancellationToken);
        if (answer.IsSuccess && XAnswers.TryRead<XCounts>(answer)?.Meta?.Total is { } total)
        {
            var posts = Math.Min(total, terms.Limit ?? total);
            return new SourceEstimate(posts, x.CostOf(posts), x.CountPrice);
        }

        throw XAnswers.ProblemOf(answer) is { } refusal
            ? new SourceException(refusal)
            : new SourceUnavailableException("X cannot count the posts now.", mayHaveCost: false);
    }

    private async Task<FetchedAnswer> AskAsync(string person, Uri url, CancellationToken cancellationToken)
    {
        try
        {
            var account = await accounts.TokenAsync(person, SourceNames.X, cancellationToken);
            var answer = await GetAsync(account?.AccessToken ?? options.Value.BearerToken);
            return answer.Status == HttpStatusCode.Unauthorized && account is not null && await accounts.RefreshAsync(person, account, cancellationToken) is { } renewed
                ? await GetAsync(renewed.AccessToken)
                : answer;
        }
        catch (FetchException exception)
        {
            throw new SourceUnavailableException(exception.Message, mayHaveCost: false);
        }

        Task<FetchedAnswer> GetAsync(string? token) => http.SendAsync(
            new FetchRequest(url) { Accept = "application/json", Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token) }, cancellationToken);
    }

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");
}
