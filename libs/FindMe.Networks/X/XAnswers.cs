using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using FindMe.Pipeline;

namespace FindMe.Networks;

/// <summary>Reads X's responses and errors: counts for Api, posts for Collect.</summary>
/// <remarks>https://docs.x.com/x-api/fundamentals/response-codes-and-errors; error bodies differ between versions, so all forms are tried.</remarks>
internal static class XAnswers
{
    /// <summary>JSON with X's snake_case names.</summary>
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Parses a response.</summary>
    /// <param name="answer">The response.</param>
    /// <returns>Null when it is malformed.</returns>
    public static T? TryRead<T>(FetchedAnswer answer)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(answer.Body, Json);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Why X rejects a request, for rejections that neither waiting a little nor signing in changes.</summary>
    /// <param name="answer">A response with status 400, 402, 403, or 429 for the monthly usage cap.</param>
    /// <returns>Null for transient failures: 429 for the rate limit, and 5xx.</returns>
    public static SearchProblem? ProblemOf(FetchedAnswer answer)
    {
        var error = TryRead<XError>(answer);
        var says = error?.Detail ?? error?.Errors?.Select(inner => inner?.Message ?? inner?.Detail).FirstOrDefault(text => text is not null) ?? error?.Title;
        return answer.Status switch
        {
            _ when error?.Type?.EndsWith("/usage-capped", StringComparison.Ordinal) == true => new SearchProblem(
                "x-usage-capped", "FindMe has reached its usage cap on X.", "What was found stays. Ask the operator when the cap is reset, then continue the search."),
            HttpStatusCode.BadRequest => new SearchProblem("query-refused", $"X does not accept this query: {says ?? "it gives no reason"}.", "Rewrite the query."),
            HttpStatusCode.Unauthorized => new SearchProblem("signed-out", "X rejects FindMe's sign-in.", "Sign in with X, or ask the operator to renew FindMe's own access."),
            HttpStatusCode.PaymentRequired => new SearchProblem(
                "x-credits", "FindMe's credits with X are used up.", "What was found stays. When the operator has bought more, continue the search: it resumes where it stopped."),
            HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError => null,
            _ => new SearchProblem("x-refused", $"X rejected the search: {says ?? $"status {(int)answer.Status}"}.", "Ask the operator; what was found stays."),
        };
    }

    /// <summary>Whether X rejects the field names, so that the other dialect should be tried.</summary>
    /// <param name="answer">The response.</param>
    /// <param name="parameter">The parameter's name, such as <c>tweet.fields</c>.</param>
    public static bool RefusesParameter(FetchedAnswer answer, string parameter) =>
        answer.Status == HttpStatusCode.BadRequest && System.Text.Encoding.UTF8.GetString(answer.Body).Contains(parameter, StringComparison.Ordinal);

    private sealed record XError(string? Title, string? Detail, string? Type, IReadOnlyList<XInnerError?>? Errors);

    private sealed record XInnerError(string? Message, string? Detail);
}

/// <summary>How many posts match a query: <c>GET /2/tweets/counts/recent</c>.</summary>
/// <param name="Meta">The total; its name depends on the dialect.</param>
internal sealed record XCounts(XCountsMeta? Meta);

/// <summary>The total number of posts.</summary>
internal sealed record XCountsMeta
{
    /// <summary>The total under its older name.</summary>
    [JsonPropertyName("total_tweet_count")]
    public int? TotalTweetCount { get; init; }

    /// <summary>The total under its newer name.</summary>
    [JsonPropertyName("total_post_count")]
    public int? TotalPostCount { get; init; }

    /// <summary>The total under either name; null if X sent none.</summary>
    [JsonIgnore]
    public int? Total => TotalTweetCount ?? TotalPostCount;
}
