using System.Globalization;
using System.Text.Json.Nodes;
using FindMe.DemoNetworks.Media;

namespace FindMe.DemoNetworks.Bluesky;

/// <summary>Imitates a Bluesky personal data server (PDS) that forwards searches to the AppView, as bsky.social does, and the DID directory.</summary>
/// <remarks>Implements the lexicons app.bsky.feed.searchPosts and searchPostsV2, com.atproto.server.*, com.atproto.sync.getBlob.</remarks>
public sealed class BlueskyServer : Network
{
    private const int MaxLimit = 100;
    private const int DefaultLimit = 25;

    private readonly BlueskyPosts _posts;
    private readonly BlueskySessions _sessions;

    internal BlueskyServer(Scenario scenario, MediaHost media, TimeProvider time)
        : base("bluesky", scenario, time)
    {
        SearchV2 = scenario.Bluesky.SearchV2;
        _posts = new BlueskyPosts(scenario, media, time);
        _sessions = new BlueskySessions(this, scenario, Grants, time);
    }

    /// <summary>Whether <c>searchPostsV2</c> exists. Can change at run time.</summary>
    public bool SearchV2 { get; set; }

    // Documented limit: 3,000 requests per 5 minutes and IP address.
    private protected override RateLimit DocumentedLimit => new(3000, TimeSpan.FromMinutes(5));

    /// <inheritdoc/>
    public override void Publish(ScenarioPost post) => _posts.Publish(post);

    private protected override void Started()
    {
        foreach (var account in Scenario.Accounts)
        {
            Grants.Remember(account.AppPassword);
        }

        foreach (var post in Scenario.Bluesky.Posts)
        {
            Publish(post);
        }
    }

    private protected override void Map(WebApplication app)
    {
        app.MapGet("/xrpc/app.bsky.feed.searchPosts", (HttpContext context) => Search(context, "q", "tag", "lang")).Named("search");
        app.MapGet("/xrpc/app.bsky.feed.searchPostsV2", (HttpContext context) =>
            SearchV2 ? Search(context, "query", "hashtags", "languages") : Error(501, "MethodNotImplemented", "Method Not Implemented")).Named("search");
        app.MapGet("/xrpc/app.bsky.feed.getPosts", GetPosts).Named("posts");
        app.MapGet("/xrpc/app.bsky.actor.getProfile", GetProfile).Named("profile");
        app.MapGet("/xrpc/com.atproto.sync.getBlob", (string? did, string? cid) => cid is not null && _posts.BlobOf(cid) is { } address
            ? Results.Redirect(address)
            : Error(400, "BlobNotFound", "Blob not found")).Named("blob");
        _sessions.Map(app);
    }

    private IResult Search(HttpContext context, string textName, string tagName, string languageName)
    {
        if (_sessions.ProblemOf(context.Request) is { } problem)
        {
            return problem;
        }

        var query = context.Request.Query;
        var text = query[textName].ToString();
        var tags = query[tagName].Where(tag => tag is { Length: > 0 }).Select(tag => tag!.ToLowerInvariant()).ToList();
        if (text.Length == 0 && tags.Count == 0)
        {
            return Error(400, "InvalidRequest", $"Error: Params must have the property \"{textName}\"");
        }

        if (!int.TryParse(query["limit"].ToString() is { Length: > 0 } wish ? wish : $"{DefaultLimit}", out var limit) || limit is < 1 or > MaxLimit)
        {
            return Error(400, "InvalidRequest", "Error: limit can not be greater than 100");
        }

        var offset = 0;
        if (query["cursor"].ToString() is { Length: > 0 } cursor && !int.TryParse(cursor, out offset))
        {
            return Error(400, "InvalidRequest", "Error: cursor is not valid");
        }

        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var languages = query[languageName].Where(language => language is { Length: > 0 }).ToList();
        var found = _posts.Newest()
            .Where(post => words.All(word => word[0] == '#' ? post.Post.Hashtags.Contains(word[1..].ToLowerInvariant()) : post.Post.Text.Contains(word, StringComparison.OrdinalIgnoreCase)))
            .Where(post => tags.All(tag => post.Post.Hashtags.Contains(tag)))
            .Where(post => languages.Count == 0 || languages.Contains(post.Post.Language))
            .Where(post => query["hasMedia"] != "true" || post.Post.Media.Count > 0)
            .Where(post => TimeOf(query["since"]) is not { } since || post.At >= since)
            .Where(post => TimeOf(query["until"]) is not { } until || post.At < until)
            .ToList();
        var page = found.Skip(offset).Take(Math.Min(limit, Scenario.PageSize)).ToList();
        Served(context, page.Count);
        var answer = new JsonObject { ["hitsTotal"] = found.Count, ["posts"] = new JsonArray([.. page.Select(_posts.Write)]) };
        if (offset + page.Count < found.Count)
        {
            answer["cursor"] = $"{offset + page.Count}";
        }

        if (textName == "query")
        {
            answer["detectedQueryLanguages"] = new JsonArray("en");
        }

        return Results.Json(answer);
    }

    private IResult GetPosts(HttpContext context)
    {
        if (_sessions.ProblemOf(context.Request) is { } problem)
        {
            return problem;
        }

        var found = context.Request.Query["uris"].Select(uri => _posts.Find(uri!)).Where(post => post is { Post.DeletedAfterSearch: false }).Select(post => post!).ToList();
        Served(context, found.Count);
        return Results.Json(new JsonObject { ["posts"] = new JsonArray([.. found.Select(_posts.Write)]) });
    }

    private IResult GetProfile(HttpContext context)
    {
        if (_sessions.ProblemOf(context.Request) is { } problem)
        {
            return problem;
        }

        var actor = context.Request.Query["actor"].ToString();
        return Scenario.Accounts.FirstOrDefault(account => BlueskyPosts.DidOf(account) == actor || BlueskyPosts.HandleOf(account) == actor) is { } account
            ? Results.Json(_posts.Author(account))
            : Error(400, "InvalidRequest", "Profile not found");
    }

    internal static IResult Error(int status, string error, string message) => Results.Json(Body(error, message), statusCode: status);

    private static JsonObject Body(string error, string message) => new() { ["error"] = error, ["message"] = message };

    private static DateTimeOffset? TimeOf(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;

    // Bluesky returns 400, not 401, for an expired access token.
    private protected override (int Status, JsonNode Body) AnswerTo(Fault fault) => fault.Kind switch
    {
        FaultKind.RateLimited or FaultKind.UsageCapped => (429, Body("RateLimitExceeded", "Rate Limit Exceeded")),
        FaultKind.Unauthorized => (400, Body("ExpiredToken", "Token has expired")),
        FaultKind.Forbidden or FaultKind.OutOfCredits => (403, Body("AccountTakedown", "Account has been taken down")),
        FaultKind.Unavailable => (502, Body("UpstreamFailure", "Upstream service unreachable")),
        _ => (500, Body("InternalServerError", "Internal Server Error")),
    };

    // The reset time is in Unix seconds.
    private protected override void WriteLimit(IHeaderDictionary headers, int limit, int remaining, DateTimeOffset reset)
    {
        headers["RateLimit-Limit"] = $"{limit}";
        headers["RateLimit-Remaining"] = $"{remaining}";
        headers["RateLimit-Reset"] = $"{(long)Math.Ceiling(reset.ToUnixTimeMilliseconds() / 1000.0)}";
        headers["RateLimit-Policy"] = $"{limit};w={(int)(Limit ?? DocumentedLimit).Window.TotalSeconds}";
    }
}
