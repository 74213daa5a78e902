using System.Globalization;
using System.Text.Json.Nodes;
using FindMe.DemoNetworks.Media;

namespace FindMe.DemoNetworks.X;

/// <summary>Imitates X's API v2: recent search and counts, lookups, sign-in, and the number of paid posts.</summary>
/// <remarks>Implements docs.x.com/x-api (OpenAPI 2.166 and 2.167): /2/tweets/search/recent, /2/tweets/counts/recent, /2/tweets, /2/users.</remarks>
public sealed class XApi : Network
{
    // The documented window of recent search, and its end before the current time.
    private static readonly TimeSpan Recent = TimeSpan.FromDays(7);

    private const int MaxQuery = 512;

    private readonly XPosts _posts;
    private readonly XSignIn _signIn;

    internal XApi(Scenario scenario, MediaHost media, TimeProvider time)
        : base("x", scenario, time)
    {
        Dialect = scenario.X.Dialect;
        _posts = new XPosts(scenario, media, time);
        _signIn = new XSignIn(scenario, Grants, media);
    }

    /// <summary>The field names that it accepts. Can change at run time.</summary>
    public XDialect Dialect { get; set; }

    /// <summary>Number of posts returned, which X charges for at 0.005 US dollars each. Posts returned twice count twice.</summary>
    public int PostsPaid => Calls.Posts();

    // 450 requests per app and 15 minutes. The limit of 300 per user is not implemented, since no test reaches it.
    private protected override RateLimit DocumentedLimit => new(450, TimeSpan.FromMinutes(15));

    /// <inheritdoc/>
    public override void Publish(ScenarioPost post) => _posts.Publish(post);

    private protected override void Started()
    {
        Grants.Remember(Scenario.X.BearerToken);
        if (Scenario.X.ClientSecret is { } secret)
        {
            Grants.Remember(secret);
        }

        foreach (var post in Scenario.X.Posts)
        {
            Publish(post);
        }
    }

    private protected override void Map(WebApplication app)
    {
        app.MapGet("/2/tweets/search/recent", (HttpContext context) => Authorized(context, () => Search(context))).Named("search");
        app.MapGet("/2/tweets/counts/recent", (HttpContext context) => Authorized(context, () => Count(context))).Named("counts");
        app.MapGet("/2/tweets", (HttpContext context) => Authorized(context, () => LookUp(context, "ids"))).Named("posts");
        app.MapGet("/2/users", (HttpContext context) => Authorized(context, () => Users(context.Request))).Named("users");
        _signIn.Map(app);
    }

    private IResult Search(HttpContext context)
    {
        var query = context.Request.Query;
        if (ProblemOf(query) is { } problem)
        {
            return problem;
        }

        var wanted = int.TryParse(query["max_results"], out var wish) ? wish : 10;
        if (wanted is < 10 or > 100)
        {
            return Invalid("max_results", query["max_results"].ToString(), $"The `max_results` query parameter value [{query["max_results"]}] is not between 10 and 100");
        }

        var token = query["next_token"].ToString() is { Length: > 0 } next ? next : query["pagination_token"].ToString();
        long? below = null;
        if (token.Length > 0)
        {
            below = XPosts.PlaceOf(token);
            if (below is null)
            {
                return Invalid("next_token", token, "The `next_token` query parameter value is not a valid token");
            }
        }

        var found = Found(query).Where(post => below is null || post.Id < below).ToList();
        var page = found.Take(Math.Min(wanted, Scenario.PageSize)).ToList();
        Served(context, page.Count);
        if (page.Count == 0)
        {
            return Results.Json(new JsonObject { ["meta"] = new JsonObject { ["result_count"] = 0 } });
        }

        var answer = _posts.Page(page, query, Dialect, FaultOf(context)?.Kind);
        var meta = new JsonObject { ["newest_id"] = $"{page[0].Id}", ["oldest_id"] = $"{page[^1].Id}", ["result_count"] = page.Count };
        if (found.Count > page.Count)
        {
            meta["next_token"] = XPosts.TokenOf(page[^1].Id);
        }

        answer["meta"] = meta;
        return Results.Json(answer);
    }

    private IResult Count(HttpContext context)
    {
        var query = context.Request.Query;
        if (ProblemOf(query) is { } problem)
        {
            return problem;
        }

        var name = Dialect == XDialect.Post ? "post_count" : "tweet_count";
        var (start, end) = Window(query);
        var total = Found(query).Count;
        return Results.Json(new JsonObject
        {
            ["data"] = new JsonArray(new JsonObject { ["end"] = XPosts.Iso(end), ["start"] = XPosts.Iso(start), [name] = total }),
            ["meta"] = new JsonObject { [$"total_{name}"] = total },
        });
    }

    private IResult LookUp(HttpContext context, string parameter)
    {
        var ids = context.Request.Query[parameter].ToString().Split(',', StringSplitOptions.RemoveEmptyEntries);
        if (ids.Length is 0 or > 100)
        {
            return Invalid(parameter, $"{ids.Length}", $"The `{parameter}` query parameter takes 1 to 100 ids");
        }

        var found = ids.Select(_posts.Find).Where(post => post is { Post.DeletedAfterSearch: false }).Select(post => post!).ToList();
        Served(context, found.Count);
        var answer = found.Count == 0 ? [] : _posts.Page(found, context.Request.Query, Dialect, null);
        var missing = ids.Where(id => found.All(post => $"{post.Id}" != id)).Select(id => (JsonNode)XPosts.NotFound(id, parameter)).ToArray();
        if (missing.Length > 0)
        {
            answer["errors"] = new JsonArray(missing);
        }

        return Results.Json(answer);
    }

    private IResult Users(HttpRequest request)
    {
        var ids = request.Query["ids"].ToString().Split(',', StringSplitOptions.RemoveEmptyEntries);
        return Results.Json(new JsonObject
        {
            ["data"] = new JsonArray([.. Scenario.Accounts.Where(account => ids.Contains(XPosts.UserId(Scenario, account))).Select(account => _posts.User(account))]),
        });
    }

    private List<XPosts.Tweet> Found(IQueryCollection query)
    {
        var (start, end) = Window(query);
        return [.. _posts.Matching(query["query"].ToString())
            .Where(post => post.At >= start && post.At < end)
            .Where(post => !long.TryParse(query["since_id"], out var since) || post.Id > since)
            .Where(post => !long.TryParse(query["until_id"], out var until) || post.Id < until)];
    }

    private (DateTimeOffset Start, DateTimeOffset End) Window(IQueryCollection query)
    {
        var now = Time.GetUtcNow();
        return (TimeOf(query["start_time"]) ?? now - Recent, TimeOf(query["end_time"]) ?? now);
    }

    private static DateTimeOffset? TimeOf(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;

    // Rejects requests, which are free: field names of the other dialect, and queries that are too long, lack a standalone operator or use an unknown one.
    private IResult? ProblemOf(IQueryCollection query)
    {
        var (other, own) = Dialect == XDialect.Post ? ("tweet.fields", "post.fields") : ("post.fields", "tweet.fields");
        if (query.ContainsKey(other))
        {
            return Invalid(other, query[other].ToString(), $"The query parameter [{other}] is not one of [query,start_time,end_time,since_id,until_id,max_results,next_token,pagination_token,sort_order,{own},expansions,media.fields,user.fields]");
        }

        var text = query["query"].ToString();
        return text.Length == 0 ? Invalid("query", "", "The `query` query parameter can not be empty")
            : text.Length > MaxQuery ? Invalid("query", text, $"There were errors processing your request: query is {text.Length} characters long, above the limit of {MaxQuery}")
            : XPosts.RefusalOf(text) is { } refusal ? Invalid("query", text, refusal)
            : TimeOf(query["start_time"]) < Time.GetUtcNow() - Recent ? Invalid("start_time", query["start_time"].ToString(), "Invalid 'start_time'. 'start_time' must be on or after 7 days ago")
            : null;
    }

    private IResult Authorized(HttpContext context, Func<IResult> answer) =>
        Authentication.Grants.BearerOf(context.Request) == Scenario.X.BearerToken || Grants.AccountOf(context.Request) is not null
            ? answer()
            : Results.Json(Unauthorized, statusCode: 401);

    internal static JsonObject Unauthorized => Problem("Unauthorized", "about:blank", 401, "Unauthorized");

    private static IResult Invalid(string parameter, string value, string message) => Results.Json(
        new JsonObject
        {
            ["errors"] = new JsonArray(new JsonObject { ["parameters"] = new JsonObject { [parameter] = new JsonArray(value) }, ["message"] = message }),
            ["title"] = "Invalid Request",
            ["detail"] = "One or more parameters to your request was invalid.",
            ["type"] = "https://api.x.com/2/problems/invalid-request",
        },
        statusCode: 400);

    private protected override (int Status, JsonNode Body) AnswerTo(Fault fault) => fault.Kind switch
    {
        FaultKind.RateLimited => (429, Problem("Too Many Requests", "about:blank", 429, "Too Many Requests")),
        FaultKind.UsageCapped => (429, new JsonObject
        {
            ["account_id"] = 1,
            ["product_name"] = "pay-per-use",
            ["title"] = "UsageCapExceeded",
            ["period"] = "Monthly",
            ["scope"] = "Product",
            ["detail"] = "Usage cap exceeded: Monthly product cap",
            ["type"] = "https://api.x.com/2/problems/usage-capped",
        }),
        FaultKind.Unauthorized => (401, Unauthorized),
        FaultKind.OutOfCredits => (402, new JsonObject
        {
            ["account_id"] = 1,
            ["title"] = "CreditsDepleted",
            ["detail"] = "Your enrolled account does not have any credits to fulfill this request.",
            ["type"] = "https://api.x.com/2/problems/credits",
        }),
        FaultKind.Forbidden => (403, new JsonObject
        {
            ["title"] = "Client Forbidden",
            ["detail"] = "This request must be made using an approved developer account that is enrolled in the requested endpoint.",
            ["reason"] = "client-not-enrolled",
            ["client_id"] = "1",
            ["type"] = "https://api.twitter.com/2/problems/client-forbidden",
        }),
        FaultKind.Unavailable => (503, Problem("Service Unavailable", "about:blank", 503, "Service Unavailable")),
        _ => (500, Problem("Internal Server Error", "about:blank", 500, "Something went wrong")),
    };

    // On every response; the reset time is in Unix seconds.
    private protected override void WriteLimit(IHeaderDictionary headers, int limit, int remaining, DateTimeOffset reset)
    {
        headers["x-rate-limit-limit"] = $"{limit}";
        headers["x-rate-limit-remaining"] = $"{remaining}";
        headers["x-rate-limit-reset"] = $"{(long)Math.Ceiling(reset.ToUnixTimeMilliseconds() / 1000.0)}";
    }

    private static JsonObject Problem(string title, string type, int status, string detail) =>
        new() { ["title"] = title, ["type"] = type, ["status"] = status, ["detail"] = detail };
}
