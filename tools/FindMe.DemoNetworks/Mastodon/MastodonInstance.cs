using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace FindMe.DemoNetworks.Mastodon;

/// <summary>Imitates an instance of Mastodon 4.5: hashtag timelines, instance metadata and sign-in.</summary>
/// <remarks>Implements docs.joinmastodon.org: methods/timelines, methods/instance, methods/apps, methods/oauth, entities/Status.</remarks>
public sealed class MastodonInstance : Network
{
    // The documented maximum and default size of a timeline page.
    private const int MaxLimit = 40;
    private const int DefaultLimit = 20;

    // Mastodon does not escape non-ASCII letters as \uXXXX.
    private static readonly JsonSerializerOptions Letters = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly MastodonFederation _federation;
    private readonly MastodonSignIn _signIn;
    private readonly int _number;

    internal MastodonInstance(int number, Scenario scenario, MastodonFederation federation, TimeProvider time)
        : base($"mastodon-{number + 1}", scenario, time)
    {
        _number = number;
        _federation = federation;
        _signIn = new MastodonSignIn(this, scenario, federation, Grants);
        HashtagFeeds = scenario.Mastodon[number].HashtagFeeds;
    }

    /// <summary>Its name as users type it: host and port.</summary>
    public string Host => Address.Authority;

    /// <summary>Who can read its hashtag feeds. Can change at run time.</summary>
    public FeedAccess HashtagFeeds { get; set; }

    /// <summary>Whether its feeds are endless. Can change at run time.</summary>
    public EndlessFeed Endless { get; set; }

    // docs.joinmastodon.org/api/rate-limits: 300 requests per 5 minutes.
    private protected override RateLimit DocumentedLimit => new(300, TimeSpan.FromMinutes(5));

    /// <inheritdoc/>
    public override void Publish(ScenarioPost post) => _federation.Publish(post);

    private protected override void Started() => _federation.Join(_number, this);

    private protected override void Map(WebApplication app)
    {
        app.MapGet("/api/v1/timelines/tag/{tag}", ReadTag).Named("search");
        app.MapGet("/api/v2/instance", Describe).Named("instance");
        app.MapGet("/api/v1/statuses/{id}", (string id, HttpRequest request) =>
            _federation.Find(id) is { Post.DeletedAfterSearch: false } post ? Results.Json(_federation.ToJson(post, this)) : NotFound()).Named("status");
        _signIn.Map(app);
    }

    private IResult ReadTag(string tag, HttpContext context)
    {
        var query = context.Request.Query;
        if (HashtagFeeds is FeedAccess.Authenticated or FeedAccess.AuthenticatedOlder && Grants.AccountOf(context.Request) is null)
        {
            return HashtagFeeds == FeedAccess.Authenticated
                ? Error(401, "The access token is invalid")
                : Error(422, "This method requires an authenticated user");
        }

        if (context.Request.Headers.Authorization.Count > 0 && Grants.AccountOf(context.Request) is null)
        {
            return Error(401, "The access token is invalid");
        }

        var limit = Math.Min(Math.Min(int.TryParse(query["limit"], out var wish) ? Math.Max(1, wish) : DefaultLimit, MaxLimit), Scenario.PageSize);
        var (max, since, min) = (Id(query["max_id"]), Id(query["since_id"]), Id(query["min_id"]));
        var posts = HashtagFeeds == FeedAccess.Disabled ? [] : _federation.Known(_number)
            .Where(post => post.Post.Hashtags.Contains(tag.ToLowerInvariant())
                && Lists(query["all[]"]).All(other => post.Post.Hashtags.Contains(other))
                && !Lists(query["none[]"]).Any(other => post.Post.Hashtags.Contains(other)))
            .Where(post => query["only_media"] != "true" || post.Post.Media.Count > 0)
            .Where(post => query["local"] != "true" || post.Home == _number)
            .Where(post => (max is null || post.Id < max) && (since is null || post.Id > since) && (min is null || post.Id > min))
            .OrderByDescending(post => post.Id)
            .ToList();

        // min_id returns the posts right after it, since_id the newest ones.
        var page = min is null ? posts.Take(limit).ToList() : [.. posts.TakeLast(limit)];
        Served(context, page.Count);
        if (page.Count > 0)
        {
            var here = $"{Address.GetLeftPart(UriPartial.Authority)}/api/v1/timelines/tag/{tag}?limit={limit}{(query["only_media"] == "true" ? "&only_media=true" : "")}";
            var next = posts.Any(post => post.Id < page[^1].Id) ? $"<{here}&max_id={page[^1].Id}>; rel=\"next\", " : "";
            next = Endless switch
            {
                EndlessFeed.SamePage => $"<{Address.GetLeftPart(UriPartial.Authority)}{context.Request.Path}{context.Request.QueryString}>; rel=\"next\", ",
                EndlessFeed.SamePosts => $"<{here}&page={(int.TryParse(query["page"], out var number) ? number : 0) + 1}>; rel=\"next\", ",
                _ => next,
            };
            context.Response.Headers.Link = $"{next}<{here}&min_id={page[0].Id}>; rel=\"prev\"";
        }

        return Results.Json(new JsonArray([.. page.Select(post => _federation.ToJson(post, this))]), Letters);
    }

    private IResult Describe()
    {
        var feeds = HashtagFeeds switch
        {
            FeedAccess.Authenticated => "authenticated",
            FeedAccess.Disabled => "disabled",
            _ => "public",
        };
        var configuration = new JsonObject
        {
            ["urls"] = new JsonObject { ["streaming"] = Address.AbsoluteUri },
            ["statuses"] = new JsonObject { ["max_characters"] = 500, ["max_media_attachments"] = 4, ["characters_reserved_per_url"] = 23 },
            ["media_attachments"] = new JsonObject { ["image_size_limit"] = 16777216, ["image_matrix_limit"] = 33177600, ["description_limit"] = 1500 },
        };
        if (HashtagFeeds != FeedAccess.AuthenticatedOlder)
        {
            configuration["timelines_access"] = new JsonObject
            {
                ["live_feeds"] = new JsonObject { ["local"] = "public", ["remote"] = "public" },
                ["hashtag_feeds"] = new JsonObject { ["local"] = feeds, ["remote"] = feeds },
                ["trending_link_feeds"] = new JsonObject { ["local"] = "public", ["remote"] = "public" },
            };
        }

        return Results.Json(new JsonObject
        {
            ["domain"] = Host,
            ["title"] = $"Bench {_number + 1}",
            ["version"] = HashtagFeeds == FeedAccess.AuthenticatedOlder ? "4.4.0" : "4.5.0",
            ["source_url"] = "https://github.com/mastodon/mastodon",
            ["description"] = "An imitation of Mastodon for tests.",
            ["usage"] = new JsonObject { ["users"] = new JsonObject { ["active_month"] = Scenario.Accounts.Count } },
            ["languages"] = new JsonArray("en"),
            ["configuration"] = configuration,
            ["registrations"] = new JsonObject { ["enabled"] = false, ["approval_required"] = false, ["message"] = null },
            ["rules"] = new JsonArray(),
        });
    }

    private protected override (int Status, JsonNode Body) AnswerTo(Fault fault) => fault.Kind switch
    {
        FaultKind.RateLimited or FaultKind.UsageCapped => (429, Body("Too many requests")),
        FaultKind.Unauthorized => (401, Body("The access token is invalid")),
        FaultKind.Forbidden or FaultKind.OutOfCredits => (403, Body("This action is not allowed")),
        FaultKind.Unavailable => (503, Body("There was a temporary problem serving your request, please try again")),
        _ => (500, Body("We're sorry, but something went wrong on our end.")),
    };

    // Unlike the other networks, Mastodon reports the end of the window as an ISO 8601 time.
    private protected override void WriteLimit(IHeaderDictionary headers, int limit, int remaining, DateTimeOffset reset)
    {
        headers["X-RateLimit-Limit"] = $"{limit}";
        headers["X-RateLimit-Remaining"] = $"{remaining}";
        headers["X-RateLimit-Reset"] = reset.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'");
    }

    internal static IResult Error(int status, string error) => Results.Json(Body(error), statusCode: status);

    private static IResult NotFound() => Error(404, "Record not found");

    private static JsonObject Body(string error) => new() { ["error"] = error };

    private static long? Id(string? text) => long.TryParse(text, out var id) ? id : null;

    private static IEnumerable<string> Lists(Microsoft.Extensions.Primitives.StringValues values) =>
        values.Where(value => value is { Length: > 0 }).Select(value => value!.ToLowerInvariant());
}
