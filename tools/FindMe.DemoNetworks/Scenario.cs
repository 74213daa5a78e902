using System.Text.Json;
using System.Text.Json.Serialization;

namespace FindMe.DemoNetworks;

/// <summary>The accounts and posts of the networks. Created in code, or read from a JSON file with the same properties in camelCase.</summary>
public sealed record Scenario
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        ReadCommentHandling = JsonCommentHandling.Skip,
    };

    /// <summary>A folder with pictures for posts, named <c>folder/name.jpg</c>; null for generated pictures only.</summary>
    public string? Pictures { get; init; }

    /// <summary>The accounts, which exist on every network and can sign in there.</summary>
    public IReadOnlyList<ScenarioAccount> Accounts { get; init; } = [new() { Name = "ann" }, new() { Name = "ben", Avatar = "demo/0?area=340,230,380,400" }];

    /// <summary>The Mastodon instances, each on its own port.</summary>
    public IReadOnlyList<MastodonScenario> Mastodon { get; init; } = [new()];

    /// <summary>The posts on Mastodon. By default, every instance knows every post.</summary>
    public IReadOnlyList<ScenarioPost> MastodonPosts { get; init; } = [];

    /// <summary>X.</summary>
    public XScenario X { get; init; } = new();

    /// <summary>Bluesky.</summary>
    public BlueskyScenario Bluesky { get; init; } = new();

    /// <summary>Maximum posts per page, 1 to 100, even if a client requests more. Default 40.</summary>
    public int PageSize { get; init; } = 40;

    /// <summary>Reads a scenario file.</summary>
    /// <exception cref="JsonException">The file is not a scenario.</exception>
    public static Scenario Load(string path) => Parse(File.ReadAllText(path));

    /// <summary>Reads a scenario from JSON.</summary>
    /// <exception cref="JsonException">The text is not a scenario.</exception>
    public static Scenario Parse(string json) => JsonSerializer.Deserialize<Scenario>(json, Json) ?? throw new JsonException("A scenario must be a JSON object.");

    /// <summary>Creates posts with different pictures, one minute apart.</summary>
    /// <param name="count">Number of posts.</param>
    /// <param name="text">The text with its hashtags.</param>
    /// <param name="everyFace">Every n-th post shows a demo photo; 0 for none.</param>
    public static IReadOnlyList<ScenarioPost> Posts(int count, string text = "At #dotnetconf", int everyFace = 20) =>
    [
        .. Enumerable.Range(0, count).Select(number => new ScenarioPost
        {
            Text = $"{text} ({number})",
            MinutesAgo = number + 1,
            Author = number % 2 == 0 ? "ann" : "ben",
            // There are six demo photos; repeated ones are cropped a little, so that no two pictures are identical.
            Media = [new() { Picture = everyFace > 0 && number % everyFace == 0 ? $"demo/{number / everyFace % 6}?cut={number / everyFace / 6 * 7 % 40}" : $"mosaic/{number}" }],
        }),
    ];
}

/// <summary>An account on every network: <c>@name</c>, <c>@name@instance</c>, <c>name.test</c>.</summary>
public sealed record ScenarioAccount
{
    /// <summary>The handle, in characters that every network allows.</summary>
    public required string Name { get; init; }

    /// <summary>The avatar; null for the network's placeholder. Default: one face of the first demo photo.</summary>
    public string? Avatar { get; init; } = "demo/0?area=1340,110,480,480";

    /// <summary>The profile text. FindMe must respect <c>#nobot</c> and <c>#noindex</c>.</summary>
    public string Note { get; init; } = "";

    /// <summary>Mastodon's <c>indexable</c>: whether search may find the account's posts.</summary>
    public bool Indexable { get; init; } = true;

    /// <summary>Mastodon's <c>noindex</c>; null when not set.</summary>
    public bool? NoIndex { get; init; }

    /// <summary>Bluesky's labels of the account, for example <c>!no-unauthenticated</c>.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>The app password on Bluesky, in the documented format.</summary>
    public string AppPassword => $"{Name.PadRight(4, 'x')[..4]}-abcd-efgh-2345";
}

/// <summary>One post.</summary>
public sealed record ScenarioPost
{
    /// <summary>The name of the author's account.</summary>
    public string Author { get; init; } = "ann";

    /// <summary>Its text; words starting with # are hashtags.</summary>
    public string Text { get; init; } = "";

    /// <summary>Its age at the start of the bench, in minutes.</summary>
    public double MinutesAgo { get; init; }

    /// <summary>Its language, ISO 639-1.</summary>
    public string Language { get; init; } = "en";

    /// <summary>Whether it is marked as sensitive.</summary>
    public bool Sensitive { get; init; }

    /// <summary>Mastodon's visibility.</summary>
    public string Visibility { get; init; } = "public";

    /// <summary>Indexes of the Mastodon instances that know it, its home first; empty for all.</summary>
    public IReadOnlyList<int> Instances { get; init; } = [];

    /// <summary>Its media.</summary>
    public IReadOnlyList<ScenarioMedia> Media { get; init; } = [];

    /// <summary>How it embeds its media on Bluesky.</summary>
    public BlueskyEmbed Embed { get; init; } = BlueskyEmbed.Images;

    /// <summary>Bluesky's labels of the post, for example <c>porn</c>.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>Whether it is deleted after the search: still listed, but its media return 404.</summary>
    public bool DeletedAfterSearch { get; init; }

    /// <summary>The hashtags of <see cref="Text"/>, in lower case and without #.</summary>
    internal IEnumerable<string> Hashtags => Text.Split([' ', '\n', ',', '.'], StringSplitOptions.RemoveEmptyEntries)
        .Where(word => word.Length > 1 && word[0] == '#')
        .Select(word => word[1..].ToLowerInvariant());
}

/// <summary>A medium of a post.</summary>
public sealed record ScenarioMedia
{
    /// <summary>
    /// The picture: <c>demo/0</c> to <c>demo/5</c> for a demo photo; <c>mosaic/N</c> for coloured squares, different for each N;
    /// <c>folder/NAME</c> for a file of the scenario's folder. <c>?area=X,Y,W,H</c> crops to an area in pixels; <c>?cut=P</c> crops P % off
    /// the right and bottom; <c>?scale=P</c> scales to P %. Join several with <c>&amp;</c>.
    /// </summary>
    public string Picture { get; init; } = "demo/0";

    /// <summary>The kind of medium.</summary>
    public MediaKind Kind { get; init; }

    /// <summary>
    /// Content of a video or an animated GIF, whose preview is <see cref="Picture"/>. <c>film/0</c> to <c>film/5</c>: a test card for 9 s, with a
    /// demo photo from 3 to 6 s; <c>card</c>: the test card only; <c>cut</c>: the card, truncated in the middle of the file; <c>broken</c>: truncated before
    /// the first frame; null: no file (404). Needs ffmpeg.
    /// </summary>
    public string? Video { get; init; }

    /// <summary>The format of the file: <c>jpg</c>, <c>png</c>, <c>webp</c>, <c>gif</c> or <c>heic</c>.</summary>
    public string Format { get; init; } = "jpg";

    /// <summary>The media host's behaviour.</summary>
    public MediaBehaviour Behaviour { get; init; }

    /// <summary>The alt text.</summary>
    public string? Alt { get; init; }

    /// <summary>Whether X lists its key in the post, but omits its object from <c>includes</c>.</summary>
    public bool MissingFromIncludes { get; init; }

    /// <summary>Whether Mastodon is still processing its copy: <c>url</c> is null, and <c>remote_url</c> is set.</summary>
    public bool OnlyRemote { get; init; }
}

/// <summary>The kinds of media that posts carry.</summary>
public enum MediaKind
{
    /// <summary>A picture.</summary>
    Photo,

    /// <summary>An animated GIF, which every network converts to a video with a preview picture.</summary>
    AnimatedGif,

    /// <summary>A video with a preview picture.</summary>
    Video,

    /// <summary>Sound.</summary>
    Audio,

    /// <summary>Mastodon's kind for media that its version does not support.</summary>
    Unknown,
}

/// <summary>The media host's response to a request for a picture.</summary>
public enum MediaBehaviour
{
    /// <summary>200 with the picture.</summary>
    Serve,

    /// <summary>200 with a truncated JPEG.</summary>
    Corrupt,

    /// <summary>404.</summary>
    Missing,

    /// <summary>200, at one byte per second.</summary>
    Slow,

    /// <summary>One byte per second for the first request, then normal.</summary>
    SlowOnce,

    /// <summary>302 to a private address; <see cref="NetworkBench.PrivateHits"/> counts the clients that follow.</summary>
    RedirectToPrivate,

    /// <summary>200 with a body of 64 MiB and no Content-Length.</summary>
    Oversized,

    /// <summary>200 with the picture, declared as <c>text/html</c>.</summary>
    WrongContentType,

    /// <summary>500 for the first request, then 200.</summary>
    FailsOnce,
}

/// <summary>A Mastodon instance.</summary>
public sealed record MastodonScenario
{
    /// <summary>Who can read its hashtag feeds.</summary>
    public FeedAccess HashtagFeeds { get; init; }
}

/// <summary>How a hostile instance makes a feed endless.</summary>
public enum EndlessFeed
{
    /// <summary>The feed is not endless.</summary>
    None,

    /// <summary>Each page links to itself as its next page.</summary>
    SamePage,

    /// <summary>Each page links to a next page with a new address and the same posts.</summary>
    SamePosts,
}

/// <summary>Who can read an instance's hashtag feeds.</summary>
public enum FeedAccess
{
    /// <summary>Everybody.</summary>
    Public,

    /// <summary>Signed-in users; others get 401 (Mastodon 4.5 and later).</summary>
    Authenticated,

    /// <summary>Signed-in users; others get 422 (older versions, whose metadata does not show it).</summary>
    AuthenticatedOlder,

    /// <summary>Nobody: the feed is empty.</summary>
    Disabled,
}

/// <summary>X and its posts.</summary>
public sealed record XScenario
{
    /// <summary>What is posted.</summary>
    public IReadOnlyList<ScenarioPost> Posts { get; init; } = [];

    /// <summary>The field names that it accepts.</summary>
    public XDialect Dialect { get; init; } = XDialect.Tweet;

    /// <summary>Client id of the app that can sign people in.</summary>
    public string ClientId { get; init; } = "findme-bench-client";

    /// <summary>The app's secret; null for a public client.</summary>
    public string? ClientSecret { get; init; } = "findme-bench-client-secret-0001";

    /// <summary>The app-only bearer token, for searches without a user.</summary>
    public string BearerToken { get; init; } = "AAAAAAAAAAAAAAAAAAAAAbench%3Dapp-token-0001";
}

/// <summary>X's field names: the older ones, or those of OpenAPI 2.167.</summary>
public enum XDialect
{
    /// <summary><c>tweet.fields</c>, <c>edit_history_tweet_ids</c>, <c>total_tweet_count</c>.</summary>
    Tweet,

    /// <summary><c>post.fields</c>, <c>edit_history_post_ids</c>; the older names get 400.</summary>
    Post,
}

/// <summary>Bluesky and its posts.</summary>
public sealed record BlueskyScenario
{
    /// <summary>What is posted.</summary>
    public IReadOnlyList<ScenarioPost> Posts { get; init; } = [];

    /// <summary>Whether <c>searchPostsV2</c> exists; otherwise it responds like an unknown method.</summary>
    public bool SearchV2 { get; init; } = true;
}

/// <summary>How a post embeds its media on Bluesky.</summary>
public enum BlueskyEmbed
{
    /// <summary><c>app.bsky.embed.images</c>, up to four.</summary>
    Images,

    /// <summary><c>app.bsky.embed.gallery</c>, up to twenty.</summary>
    Gallery,

    /// <summary><c>app.bsky.embed.recordWithMedia</c> with images: a quote with pictures.</summary>
    RecordWithMedia,

    /// <summary><c>app.bsky.embed.recordWithMedia</c> with a gallery.</summary>
    RecordWithGallery,

    /// <summary><c>app.bsky.embed.video</c>, whose thumbnail is the picture.</summary>
    Video,

    /// <summary><c>app.bsky.embed.external</c>: a link card, without media of the post.</summary>
    External,
}
