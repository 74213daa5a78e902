using System.Text.Json;
using System.Text.Json.Serialization;

namespace FindMe.DemoNetworks;

/// <summary>What is posted where. Made in code, or read from a JSON file of the same shape in camelCase.</summary>
public sealed record Scenario
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        ReadCommentHandling = JsonCommentHandling.Skip,
    };

    /// <summary>A folder whose pictures posts may show as <c>folder/name.jpg</c>; null: only those the bench makes itself.</summary>
    public string? Pictures { get; init; }

    /// <summary>The people who post, and who can sign in on every network.</summary>
    public IReadOnlyList<ScenarioAccount> Accounts { get; init; } = [new() { Name = "ann" }, new() { Name = "ben", Avatar = "demo/0?area=340,230,380,400" }];

    /// <summary>The instances of Mastodon, each on a port of its own.</summary>
    public IReadOnlyList<MastodonScenario> Mastodon { get; init; } = [new()];

    /// <summary>What is posted on Mastodon: every instance knows of every post that does not say otherwise.</summary>
    public IReadOnlyList<ScenarioPost> MastodonPosts { get; init; } = [];

    /// <summary>X.</summary>
    public XScenario X { get; init; } = new();

    /// <summary>Bluesky.</summary>
    public BlueskyScenario Bluesky { get; init; } = new();

    /// <summary>Most posts on one page, 1 to 100, also where a client asks for more: networks may send less. Default 40.</summary>
    public int PageSize { get; init; } = 40;

    /// <summary>Reads a scenario file.</summary>
    /// <exception cref="JsonException">The file is no scenario.</exception>
    public static Scenario Load(string path) => Parse(File.ReadAllText(path));

    /// <summary>Reads a scenario from JSON.</summary>
    /// <exception cref="JsonException">It is no scenario.</exception>
    public static Scenario Parse(string json) => JsonSerializer.Deserialize<Scenario>(json, Json) ?? throw new JsonException("A scenario is an object.");

    /// <summary>Posts of pictures that all differ, a minute apart; every <paramref name="everyFace"/>-th shows a demo photo.</summary>
    /// <param name="count">How many.</param>
    /// <param name="text">The text with its hashtags.</param>
    /// <param name="everyFace">How often a face is to be seen; 0: never.</param>
    public static IReadOnlyList<ScenarioPost> Posts(int count, string text = "At #dotnetconf", int everyFace = 20) =>
    [
        .. Enumerable.Range(0, count).Select(number => new ScenarioPost
        {
            Text = $"{text} ({number})",
            MinutesAgo = number + 1,
            Author = number % 2 == 0 ? "ann" : "ben",
            // Demo photos repeat after six: each further one is cut a little, so that none is a copy of another.
            Media = [new() { Picture = everyFace > 0 && number % everyFace == 0 ? $"demo/{number / everyFace % 6}?cut={number / everyFace / 6 * 7 % 40}" : $"mosaic/{number}" }],
        }),
    ];
}

/// <summary>A person on every network: <c>@name</c>, <c>@name@instance</c>, <c>name.test</c>.</summary>
public sealed record ScenarioAccount
{
    /// <summary>The handle, in the letters that every network allows.</summary>
    public required string Name { get; init; }

    /// <summary>Their avatar; null: the network's own picture for people without one. Default: one face of the first demo photo.</summary>
    public string? Avatar { get; init; } = "demo/0?area=1340,110,480,480";

    /// <summary>What they write about themselves: <c>#nobot</c> and <c>#noindex</c> are to be honoured.</summary>
    public string Note { get; init; } = "";

    /// <summary>Mastodon's <c>indexable</c>: whether their posts may be found by search.</summary>
    public bool Indexable { get; init; } = true;

    /// <summary>Mastodon's <c>noindex</c>; null where it is not set.</summary>
    public bool? NoIndex { get; init; }

    /// <summary>Bluesky's labels of the account, for example <c>!no-unauthenticated</c>.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>The app password on Bluesky, of the documented form.</summary>
    public string AppPassword => $"{Name.PadRight(4, 'x')[..4]}-abcd-efgh-2345";
}

/// <summary>One post.</summary>
public sealed record ScenarioPost
{
    /// <summary>Who posts it: the name of an account of the scenario.</summary>
    public string Author { get; init; } = "ann";

    /// <summary>Its text; words that begin with # are its hashtags.</summary>
    public string Text { get; init; } = "";

    /// <summary>How old it is when the bench starts, in minutes.</summary>
    public double MinutesAgo { get; init; }

    /// <summary>Its language, ISO 639-1.</summary>
    public string Language { get; init; } = "en";

    /// <summary>Whether it is marked as sensitive.</summary>
    public bool Sensitive { get; init; }

    /// <summary>Mastodon's visibility.</summary>
    public string Visibility { get; init; } = "public";

    /// <summary>The instances of Mastodon that know of it, the first being its home; empty: all of them.</summary>
    public IReadOnlyList<int> Instances { get; init; } = [];

    /// <summary>What it carries.</summary>
    public IReadOnlyList<ScenarioMedia> Media { get; init; } = [];

    /// <summary>How it carries that on Bluesky.</summary>
    public BlueskyEmbed Embed { get; init; } = BlueskyEmbed.Images;

    /// <summary>Bluesky's labels of the post, for example <c>porn</c>.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>Deleted between the search, which still lists it, and the fetch of its media, which are gone.</summary>
    public bool DeletedAfterSearch { get; init; }

    /// <summary>The hashtags of <see cref="Text"/>, in lower case and without #.</summary>
    internal IEnumerable<string> Hashtags => Text.Split([' ', '\n', ',', '.'], StringSplitOptions.RemoveEmptyEntries)
        .Where(word => word.Length > 1 && word[0] == '#')
        .Select(word => word[1..].ToLowerInvariant());
}

/// <summary>What a post carries.</summary>
public sealed record ScenarioMedia
{
    /// <summary>
    /// <c>demo/0</c> to <c>demo/5</c>: the demo photos; <c>mosaic/N</c>: a picture of coloured squares, another for each N; <c>folder/NAME</c>:
    /// from the scenario's folder. <c>?area=X,Y,W,H</c> takes a part, in pixels; <c>?cut=P</c> takes P % off the right and lower edge;
    /// <c>?scale=P</c> scales to P %. Several are joined by <c>&amp;</c>.
    /// </summary>
    public string Picture { get; init; } = "demo/0";

    /// <summary>What kind of medium it is.</summary>
    public MediaKind Kind { get; init; }

    /// <summary>
    /// What a video or an animated GIF shows; its preview is <see cref="Picture"/>. <c>film/0</c> to <c>film/5</c>: a test card, from 3 to 6 s
    /// a demo photo, and the card until 9 s; <c>card</c>: no photo; <c>cut</c>: that until its middle; <c>broken</c>: too little of it to show anything; null: it is gone. Needs ffmpeg.
    /// </summary>
    public string? Video { get; init; }

    /// <summary>The format of the file: <c>jpg</c>, <c>png</c>, <c>webp</c>, <c>gif</c> or <c>heic</c>.</summary>
    public string Format { get; init; } = "jpg";

    /// <summary>What happens when it is fetched.</summary>
    public MediaBehaviour Behaviour { get; init; }

    /// <summary>The description for people who do not see it.</summary>
    public string? Alt { get; init; }

    /// <summary>X names its key in the post, but leaves the object out of <c>includes</c>.</summary>
    public bool MissingFromIncludes { get; init; }

    /// <summary>Mastodon still processes its own copy: <c>url</c> is null, and <c>remote_url</c> has it.</summary>
    public bool OnlyRemote { get; init; }
}

/// <summary>The kinds of media that posts carry.</summary>
public enum MediaKind
{
    /// <summary>A picture.</summary>
    Photo,

    /// <summary>An animated GIF, which every network turns into a video with a preview picture.</summary>
    AnimatedGif,

    /// <summary>A video with a preview picture.</summary>
    Video,

    /// <summary>Sound.</summary>
    Audio,

    /// <summary>Mastodon's word for what its own version does not know.</summary>
    Unknown,
}

/// <summary>How the media host behaves when a picture is fetched.</summary>
public enum MediaBehaviour
{
    /// <summary>200 with the picture.</summary>
    Serve,

    /// <summary>200 with a JPEG that ends in the middle.</summary>
    Corrupt,

    /// <summary>404.</summary>
    Missing,

    /// <summary>200, but a byte a second.</summary>
    Slow,

    /// <summary>A byte a second at the first fetch, then 200.</summary>
    SlowOnce,

    /// <summary>302 to a host of the machine's own network: <see cref="NetworkBench.PrivateHits"/> counts who follows.</summary>
    RedirectToPrivate,

    /// <summary>200 with a body of 64 MiB that declares no length.</summary>
    Oversized,

    /// <summary>200 with the picture, declared as <c>text/html</c>.</summary>
    WrongContentType,

    /// <summary>500 at the first fetch, then 200.</summary>
    FailsOnce,
}

/// <summary>One instance of Mastodon.</summary>
public sealed record MastodonScenario
{
    /// <summary>Who may read its hashtag feeds.</summary>
    public FeedAccess HashtagFeeds { get; init; }
}

/// <summary>How an instance that means no good makes a feed endless.</summary>
public enum EndlessFeed
{
    /// <summary>It does not.</summary>
    None,

    /// <summary>The page after each page is that page itself.</summary>
    SamePage,

    /// <summary>There is always a page after a page, under an address of its own, with the same posts.</summary>
    SamePosts,
}

/// <summary>Who may read an instance's hashtag feeds.</summary>
public enum FeedAccess
{
    /// <summary>Anybody.</summary>
    Public,

    /// <summary>Who is signed in, and others get 401 (Mastodon 4.5 and later).</summary>
    Authenticated,

    /// <summary>Who is signed in, and others get 422 (older versions, which do not tell of it).</summary>
    AuthenticatedOlder,

    /// <summary>Nobody: the feed is empty.</summary>
    Disabled,
}

/// <summary>X and what is posted there.</summary>
public sealed record XScenario
{
    /// <summary>What is posted.</summary>
    public IReadOnlyList<ScenarioPost> Posts { get; init; } = [];

    /// <summary>The field names it knows.</summary>
    public XDialect Dialect { get; init; } = XDialect.Tweet;

    /// <summary>The app that may sign people in; without a secret it is a public client.</summary>
    public string ClientId { get; init; } = "findme-bench-client";

    /// <summary>The app's secret; null: a public client.</summary>
    public string? ClientSecret { get; init; } = "findme-bench-client-secret-0001";

    /// <summary>The app's own token, for searches without a person.</summary>
    public string BearerToken { get; init; } = "AAAAAAAAAAAAAAAAAAAAAbench%3Dapp-token-0001";
}

/// <summary>The names X gives to its fields: the older ones, or those of OpenAPI 2.167.</summary>
public enum XDialect
{
    /// <summary><c>tweet.fields</c>, <c>edit_history_tweet_ids</c>, <c>total_tweet_count</c>.</summary>
    Tweet,

    /// <summary><c>post.fields</c>, <c>edit_history_post_ids</c>; the other is answered with 400.</summary>
    Post,
}

/// <summary>Bluesky and what is posted there.</summary>
public sealed record BlueskyScenario
{
    /// <summary>What is posted.</summary>
    public IReadOnlyList<ScenarioPost> Posts { get; init; } = [];

    /// <summary>Whether <c>searchPostsV2</c> exists; otherwise it is answered like any unknown method.</summary>
    public bool SearchV2 { get; init; } = true;
}

/// <summary>How a post carries its media on Bluesky.</summary>
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

    /// <summary><c>app.bsky.embed.external</c>: a link, nothing of the post's own.</summary>
    External,
}
