using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using FindMe.Pipeline;

namespace FindMe.Networks;

/// <summary>What X says when it does not do what it was asked for. Api asks it for counts, Collect for posts.</summary>
/// <remarks>https://docs.x.com/x-api/fundamentals/response-codes-and-errors; bodies differ between versions, so each is looked through.</remarks>
internal static class XAnswers
{
    /// <summary>How X writes JSON.</summary>
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Reads an answer.</summary>
    /// <param name="answer">The answer.</param>
    /// <returns>Null where it has another shape.</returns>
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

    /// <summary>Why X refuses; for those of its answers that waiting a little or signing in does not change.</summary>
    /// <param name="answer">400, 402, 403, or 429 for the month's usage.</param>
    /// <returns>Null where it may be asked again later: 429 for its rate, and 5xx.</returns>
    public static SearchProblem? ProblemOf(FetchedAnswer answer)
    {
        var error = TryRead<XError>(answer);
        var says = error?.Detail ?? error?.Errors?.Select(inner => inner?.Message ?? inner?.Detail).FirstOrDefault(text => text is not null) ?? error?.Title;
        return answer.Status switch
        {
            _ when error?.Type?.EndsWith("/usage-capped", StringComparison.Ordinal) == true => new SearchProblem(
                "x-usage-capped", "FindMe has read as many posts from X as it may for now.", "What was found stays. Ask the operator when it may read more, then continue the search."),
            HttpStatusCode.BadRequest => new SearchProblem("query-refused", $"X does not take this query: {says ?? "it does not say why"}.", "Write it in another way."),
            HttpStatusCode.Unauthorized => new SearchProblem("signed-out", "X does not let FindMe in.", "Sign in with X, or ask the operator to renew FindMe's own access."),
            HttpStatusCode.PaymentRequired => new SearchProblem(
                "x-credits", "FindMe's credits with X are used up.", "What was found stays. When the operator has bought more, continue the search: it goes on where it stopped."),
            HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError => null,
            _ => new SearchProblem("x-refused", $"X refuses the search: {says ?? $"it answers {(int)answer.Status}"}.", "Ask the operator; what was found stays."),
        };
    }

    /// <summary>Whether X refuses the names of fields, so that the other dialect should be tried.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="parameter">The parameter's name, such as <c>tweet.fields</c>.</param>
    public static bool RefusesParameter(FetchedAnswer answer, string parameter) =>
        answer.Status == HttpStatusCode.BadRequest && System.Text.Encoding.UTF8.GetString(answer.Body).Contains(parameter, StringComparison.Ordinal);

    private sealed record XError(string? Title, string? Detail, string? Type, IReadOnlyList<XInnerError?>? Errors);

    private sealed record XInnerError(string? Message, string? Detail);
}

/// <summary>How many posts a query finds: <c>GET /2/tweets/counts/recent</c>.</summary>
/// <param name="Meta">The sum; its name depends on the dialect.</param>
internal sealed record XCounts(XCountsMeta? Meta);

/// <summary>The sum of posts.</summary>
internal sealed record XCountsMeta
{
    /// <summary>Its older name.</summary>
    [JsonPropertyName("total_tweet_count")]
    public int? TotalTweetCount { get; init; }

    /// <summary>Its newer name.</summary>
    [JsonPropertyName("total_post_count")]
    public int? TotalPostCount { get; init; }

    /// <summary>How many; null where X does not say.</summary>
    [JsonIgnore]
    public int? Total => TotalTweetCount ?? TotalPostCount;
}
