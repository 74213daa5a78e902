using System.Globalization;
using System.Text.Json.Nodes;
using FindMe.DemoNetworks.Media;

namespace FindMe.DemoNetworks.X;

/// <summary>The posts of the imitated X, its search, and their JSON.</summary>
internal sealed class XPosts(Scenario scenario, MediaHost media, TimeProvider time)
{
    // The epoch of X's ids: 4 November 2010.
    private const long Epoch = 1288834974657;

    // Default sizes: the maximum of a photo without a size in its address, and of an avatar ("_normal").
    private const int MediumSide = 1200;
    private const int NormalAvatarSide = 48;
    private const int AvatarSide = 400;

    // X's opaque tokens are base 36, with constant first characters.
    private const string TokenPrefix = "b26v89c19zqg8o3f";

    private static readonly string[] Conjunctions = ["has:", "is:", "-is:", "-has:", "lang:"];
    private static readonly string[] Unknown = ["min_faves:", "min_retweets:", "filter:", "since:", "until:"];

    private readonly Lock _lock = new();
    private readonly List<Tweet> _tweets = [];

    internal sealed record Tweet(long Id, ScenarioPost Post, DateTimeOffset At);

    public void Publish(ScenarioPost post)
    {
        lock (_lock)
        {
            var at = time.GetUtcNow() - TimeSpan.FromMinutes(post.MinutesAgo);
            _tweets.Add(new Tweet(((at.ToUnixTimeMilliseconds() - Epoch) << 22) | (uint)_tweets.Count, post, at));
        }
    }

    public Tweet? Find(string id)
    {
        lock (_lock)
        {
            return _tweets.FirstOrDefault(tweet => $"{tweet.Id}" == id);
        }
    }

    /// <summary>Runs a query and returns posts newest first. Supports hashtags, words, lang: and has:, joined by spaces or OR.</summary>
    public IReadOnlyList<Tweet> Matching(string query)
    {
        var terms = Terms(query);
        var plain = terms.Where(term => !term.Contains(':') && term != "OR").ToList();
        var language = terms.FirstOrDefault(term => term.StartsWith("lang:", StringComparison.Ordinal))?["lang:".Length..];
        var needsMedia = terms.Any(term => term is "has:media" or "has:images");
        lock (_lock)
        {
            return [.. _tweets
                .Where(tweet => terms.Contains("OR") ? plain.Any(term => Has(tweet.Post, term)) : plain.All(term => Has(tweet.Post, term)))
                .Where(tweet => language is null || tweet.Post.Language == language)
                .Where(tweet => !needsMedia || tweet.Post.Media.Count > 0)
                .OrderByDescending(tweet => tweet.Id)];
        }
    }

    /// <summary>Returns X's error for an invalid query; null when it is valid.</summary>
    public static string? RefusalOf(string query)
    {
        var terms = Terms(query);
        var unknown = terms.FirstOrDefault(term => Unknown.Any(name => term.StartsWith(name, StringComparison.Ordinal)));
        return unknown is not null ? $"Reference to invalid operator '{unknown.Split(':')[0]}'. Operator is not available in current product or product packaging."
            : terms.All(term => term == "OR" || term.StartsWith('-') || Conjunctions.Any(name => term.StartsWith(name, StringComparison.Ordinal)))
                ? "Rules must contain at least one positive, non-stopword clause (at position 1)"
                : null;
    }

    public static string TokenOf(long oldest)
    {
        var digits = "";
        for (var rest = oldest; rest > 0; rest /= 36)
        {
            digits = "0123456789abcdefghijklmnopqrstuvwxyz"[(int)(rest % 36)] + digits;
        }

        return TokenPrefix + digits;
    }

    public static long? PlaceOf(string token)
    {
        if (!token.StartsWith(TokenPrefix, StringComparison.Ordinal))
        {
            return null;
        }

        var place = 0L;
        foreach (var digit in token[TokenPrefix.Length..])
        {
            var value = "0123456789abcdefghijklmnopqrstuvwxyz".IndexOf(digit);
            if (value < 0)
            {
                return null;
            }

            place = (place * 36) + value;
        }

        return place;
    }

    /// <summary>Returns posts as JSON, with the request's expansions.</summary>
    public JsonObject Page(IReadOnlyList<Tweet> tweets, IQueryCollection query, XDialect dialect, FaultKind? fault)
    {
        var expansions = query["expansions"].ToString().Split(',');
        var fields = query[dialect == XDialect.Post ? "post.fields" : "tweet.fields"].ToString().Split(',');
        var shown = fault == FaultKind.PartialErrors && tweets.Count > 1 ? tweets.Skip(1).ToList() : tweets;
        var answer = new JsonObject { ["data"] = new JsonArray([.. shown.Select(tweet => Write(tweet, fields, expansions.Contains("author_id"), dialect))]) };
        var includes = new JsonObject();
        if (expansions.Contains("attachments.media_keys"))
        {
            var wanted = query["media.fields"].ToString().Split(',');
            var objects = shown
                .SelectMany(tweet => tweet.Post.Media.Select((item, index) => (tweet, item, index)))
                .Where(entry => !entry.item.MissingFromIncludes && entry.item.Kind is MediaKind.Photo or MediaKind.Video or MediaKind.AnimatedGif)
                .Select(entry => (JsonNode)WriteMedia(entry.tweet, entry.item, entry.index, wanted))
                .ToArray();
            if (objects.Length > 0)
            {
                includes["media"] = new JsonArray(objects);
            }
        }

        if (expansions.Contains("author_id"))
        {
            includes["users"] = new JsonArray([.. scenario.Accounts.Where(account => shown.Any(tweet => tweet.Post.Author == account.Name)).Select(User)]);
        }

        if (includes.Count > 0 && fault != FaultKind.MissingIncludes)
        {
            answer["includes"] = includes;
        }

        if (fault == FaultKind.PartialErrors && tweets.Count > 1)
        {
            answer["errors"] = new JsonArray(NotFound($"{tweets[0].Id}", "ids"));
        }

        return answer;
    }

    public JsonObject User(ScenarioAccount account) => new()
    {
        ["id"] = UserId(scenario, account),
        ["name"] = char.ToUpperInvariant(account.Name[0]) + account.Name[1..],
        ["username"] = account.Name,
        ["profile_image_url"] = AvatarOf(account, media),
    };

    /// <summary>Serves an account's avatar in all sizes, and returns the address of the small one.</summary>
    public static string AvatarOf(ScenarioAccount account, MediaHost media)
    {
        if (account.Avatar is null)
        {
            return media.OfferAvatar("sticky/default_profile_images/default_profile_normal.png", account, NormalAvatarSide);
        }

        media.OfferAvatar($"profile_images/1/{account.Name}.jpg", account, AvatarSide);
        media.OfferAvatar($"profile_images/1/{account.Name}_400x400.jpg", account, AvatarSide);
        return media.OfferAvatar($"profile_images/1/{account.Name}_normal.jpg", account, NormalAvatarSide);
    }

    public static string UserId(Scenario scenario, ScenarioAccount account) => $"{2244994945 + scenario.Accounts.ToList().IndexOf(account)}";

    public static JsonObject NotFound(string id, string parameter) => new()
    {
        ["value"] = id,
        ["detail"] = $"Could not find tweet with {parameter}: [{id}].",
        ["title"] = "Not Found Error",
        ["resource_type"] = "tweet",
        ["parameter"] = parameter,
        ["resource_id"] = id,
        ["type"] = "https://api.twitter.com/2/problems/resource-not-found",
    };

    public static string Iso(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private JsonObject Write(Tweet tweet, string[] fields, bool withAuthor, XDialect dialect)
    {
        var post = tweet.Post;
        var author = scenario.Accounts.First(account => account.Name == post.Author);
        var link = $"https://t.co/{tweet.Id % 10_000_000_000:D10}";
        var json = new JsonObject
        {
            ["id"] = $"{tweet.Id}",
            ["text"] = post.Media.Count > 0 ? $"{post.Text} {link}" : post.Text,
            [dialect == XDialect.Post ? "edit_history_post_ids" : "edit_history_tweet_ids"] = new JsonArray($"{tweet.Id}"),
        };
        if (fields.Contains("created_at"))
        {
            json["created_at"] = Iso(tweet.At);
        }

        // The newer dialect returns the author only as an expansion.
        if (withAuthor || (dialect == XDialect.Tweet && fields.Contains("author_id")))
        {
            json["author_id"] = UserId(scenario, author);
        }

        if (fields.Contains("lang"))
        {
            json["lang"] = post.Language;
        }

        if (fields.Contains("possibly_sensitive"))
        {
            json["possibly_sensitive"] = post.Sensitive;
        }

        if (fields.Contains("attachments") && post.Media.Count > 0)
        {
            json["attachments"] = new JsonObject { ["media_keys"] = new JsonArray([.. post.Media.Select((item, index) => (JsonNode)KeyOf(tweet, item, index))]) };
        }

        if (fields.Contains("entities"))
        {
            json["entities"] = Entities(tweet, link);
        }

        return json;
    }

    private static JsonObject Entities(Tweet tweet, string link)
    {
        var (post, entities) = (tweet.Post, new JsonObject());
        var tags = post.Hashtags.Select(tag => (Tag: tag, At: post.Text.IndexOf("#" + tag, StringComparison.OrdinalIgnoreCase))).ToList();
        if (tags.Count > 0)
        {
            entities["hashtags"] = new JsonArray([.. tags.Select(tag => new JsonObject { ["start"] = tag.At, ["end"] = tag.At + tag.Tag.Length + 1, ["tag"] = tag.Tag })]);
        }

        if (post.Media.Count > 0)
        {
            entities["urls"] = new JsonArray([.. post.Media.Select((item, index) => new JsonObject
            {
                ["start"] = post.Text.Length + 1,
                ["end"] = post.Text.Length + 1 + link.Length,
                ["url"] = link,
                ["expanded_url"] = $"https://x.com/{post.Author}/status/{tweet.Id}/{(item.Kind == MediaKind.Photo ? "photo" : "video")}/{index + 1}",
                ["display_url"] = $"pic.x.com/{link[^10..]}",
                ["media_key"] = KeyOf(tweet, item, index),
            })]);
        }

        return entities;
    }

    private JsonObject WriteMedia(Tweet tweet, ScenarioMedia item, int index, string[] wanted)
    {
        var gone = tweet.Post.DeletedAfterSearch;
        var ending = item.Format == "jpg" ? "jpg" : item.Format;
        var name = $"G{tweet.Id}{index}";
        var json = new JsonObject { ["media_key"] = KeyOf(tweet, item, index) };
        var moving = item.Kind != MediaKind.Photo;
        var (width, height) = item.Format == "heic" ? (1280, 720) : media.Pictures.SizeOf(item.Picture);
        json["type"] = item.Kind switch
        {
            MediaKind.AnimatedGif => "animated_gif",
            MediaKind.Video => "video",
            _ => "photo",
        };
        Add("width", () => width);
        Add("height", () => height);
        if (item.Alt is not null)
        {
            Add("alt_text", () => item.Alt);
        }

        if (!moving)
        {
            var address = media.Offer($"media/{name}.{ending}", item, MediumSide, gone);
            Add("url", () => address);
            return json;
        }

        var preview = media.Offer($"ext_tw_video_thumb/{name}/pu/img/preview.jpg", item, MediumSide, gone);
        Add("preview_image_url", () => preview);
        var video = media.OfferVideo($"ext_tw_video/{name}/pu/vid/1280x720/video.mp4", item, gone);
        Add("variants", () => new JsonArray(
            new JsonObject { ["content_type"] = "application/x-mpegURL", ["url"] = $"{media.Address}ext_tw_video/{name}/pu/pl/list.m3u8" },
            new JsonObject { ["bit_rate"] = 632000, ["content_type"] = "video/mp4", ["url"] = $"{media.Address}ext_tw_video/{name}/pu/vid/320x568/video.mp4?tag=12" },
            new JsonObject { ["bit_rate"] = 2176000, ["content_type"] = "video/mp4", ["url"] = $"{video}?tag=12" },
            new JsonObject { ["bit_rate"] = 10368000, ["content_type"] = "video/mp4", ["url"] = $"{media.Address}ext_tw_video/{name}/pu/vid/1920x1080/video.mp4?tag=12" }));
        if (item.Kind == MediaKind.Video)
        {
            Add("duration_ms", () => 46947);
        }

        return json;

        void Add(string field, Func<JsonNode> value)
        {
            if (wanted.Contains(field))
            {
                json[field] = value();
            }
        }
    }

    // 3_ for photos, 7_ and 13_ for videos, 16_ for GIFs.
    private static string KeyOf(Tweet tweet, ScenarioMedia item, int index) =>
        $"{item.Kind switch { MediaKind.Photo => 3, MediaKind.AnimatedGif => 16, _ => 13 }}_{tweet.Id + index + 1}";

    private static string[] Terms(string query) => query.Split([' ', '(', ')', '"'], StringSplitOptions.RemoveEmptyEntries);

    private static bool Has(ScenarioPost post, string term) =>
        term.StartsWith('-') ? !Has(post, term[1..])
        : term[0] == '#' ? post.Hashtags.Contains(term[1..].ToLowerInvariant())
        : post.Text.Contains(term.TrimStart('@'), StringComparison.OrdinalIgnoreCase);
}
