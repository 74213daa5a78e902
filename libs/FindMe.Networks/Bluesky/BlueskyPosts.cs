using System.Text.Json;
using System.Text.Json.Serialization;
using FindMe.Pipeline;

namespace FindMe.Networks;

/// <summary>Reads Bluesky's posts: filters those that may be searched and extracts their photos.</summary>
/// <remarks>Lexicons: app.bsky.feed.defs#postView, app.bsky.embed.images, .gallery, .video and .recordWithMedia.</remarks>
internal static class BlueskyPosts
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    // Labels that hide a post, and labels that warn of it: https://docs.bsky.app/docs/advanced-guides/moderation.
    private static readonly string[] Hidden = ["!hide", "!takedown", "!suspend"];
    private static readonly string[] Warned = ["!warn", "porn", "sexual", "nudity", "graphic-media", "gore"];
    private const string OnlyForAccounts = "!no-unauthenticated";

    /// <summary>Parses a page.</summary>
    /// <returns>Null when the page is malformed; malformed posts are left out.</returns>
    public static BlueskyPage? TryRead(byte[] body)
    {
        try
        {
            var answer = JsonSerializer.Deserialize<BlueskyAnswer>(body, Json);
            return answer?.Posts is { } posts ? new BlueskyPage(answer.Cursor, [.. posts.Select(TryRead).OfType<BlueskyPost>()]) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The name of an error; null if there is none.</summary>
    public static string? ErrorOf(byte[] body)
    {
        try
        {
            return JsonSerializer.Deserialize<BlueskyError>(body, Json)?.Error;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Returns the photos of those posts that may be searched.</summary>
    /// <param name="posts">The posts.</param>
    /// <param name="server">A server that serves the blobs of every account.</param>
    /// <param name="isAnonymous">True when the person has no Bluesky account of their own: posts restricted to signed-in users are left out.</param>
    public static (IReadOnlyList<SourcePhoto> Photos, IReadOnlyList<string> Notices) Photos(IEnumerable<BlueskyPost> posts, Uri server, bool isAnonymous)
    {
        var photos = new List<SourcePhoto>();
        var notices = new List<string>();
        foreach (var post in posts)
        {
            var labels = (post.Labels ?? []).Concat(post.Author!.Labels ?? []).Where(label => label is { Neg: not true }).Select(label => label.Val).ToList();
            if (labels.Any(Hidden.Contains))
            {
                continue;
            }

            if (isAnonymous && labels.Contains(OnlyForAccounts))
            {
                notices.Add("Posts that only signed-in users may see were left out: sign in with Bluesky to search them too.");
                continue;
            }

            var key = post.Uri![(post.Uri!.LastIndexOf('/') + 1)..];
            var author = post.Author.Handle is { } handle and not "handle.invalid" ? handle : post.Author.Did;
            var sensitive = labels.Any(Warned.Contains);
            var number = 0;
            foreach (var picture in PicturesOf(post))
            {
                if (picture.Url is not { } url)
                {
                    notices.Add("Some pictures could not be read: Bluesky gives no address for them.");
                    continue;
                }

                // The picture's original, or the video that the picture previews.
                var original = picture.Blob is null ? null
                    : new Uri(server, $"/xrpc/com.atproto.sync.getBlob?did={Uri.EscapeDataString(post.Author.Did!)}&cid={Uri.EscapeDataString(picture.Blob)}").AbsoluteUri;
                var locator = picture.IsVideo ? PhotoLocator.VideoAt(url, original) : PhotoLocator.At(url, original);
                var view = new Post(post.Uri, $"https://bsky.app/profile/{author}/post/{key}", SourceNames.Bluesky, author, post.IndexedAt, sensitive, picture.Alt);
                photos.Add(new SourcePhoto($"{post.Uri}#{number++}", view, locator));
            }
        }

        return (photos, [.. notices.Distinct()]);
    }

    private static BlueskyPost? TryRead(JsonElement element)
    {
        try
        {
            return element.Deserialize<BlueskyPost>(Json) is { Uri: not null, Author.Did: not null } post ? post : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // The view holds the pictures' addresses, the record their blobs; both list the same pictures in the same order.
    private static IEnumerable<Picture> PicturesOf(BlueskyPost post)
    {
        var (view, record) = (post.Embed, post.Record?.Embed);
        if (view?.Type == "app.bsky.embed.recordWithMedia#view")
        {
            (view, record) = (view.Media, record?.Media);
        }

        return view?.Type switch
        {
            "app.bsky.embed.images#view" => Zip(view.Images, record?.Images),
            "app.bsky.embed.gallery#view" => Zip(view.Items, record?.Items),
            "app.bsky.embed.video#view" => [new Picture(view.Thumbnail, record?.Video?.Ref?.Link, view.Alt, IsVideo: true)],
            _ => [],
        };
    }

    private static IEnumerable<Picture> Zip(IReadOnlyList<BlueskyImage>? views, IReadOnlyList<BlueskyImage>? records) =>
        (views ?? []).Select((view, number) => new Picture(
            view?.Fullsize ?? view?.Thumb ?? view?.Thumbnail, records?.ElementAtOrDefault(number)?.Image?.Ref?.Link, view?.Alt));

    private sealed record Picture(string? Url, string? Blob, string? Alt, bool IsVideo = false);

    private sealed record BlueskyAnswer(string? Cursor, IReadOnlyList<JsonElement>? Posts);

    private sealed record BlueskyError(string? Error);
}

/// <summary>A page of posts, and the cursor of the next page.</summary>
internal sealed record BlueskyPage(string? Cursor, IReadOnlyList<BlueskyPost> Posts);

/// <summary>A post: only the members that FindMe reads.</summary>
internal sealed record BlueskyPost(
    string? Uri, DateTimeOffset? IndexedAt, BlueskyAuthor? Author, BlueskyRecord? Record, BlueskyEmbed? Embed, IReadOnlyList<BlueskyLabel>? Labels)
{
    /// <summary>A text that sorts like the post's position in time.</summary>
    [JsonIgnore]
    public string Mark => $"{IndexedAt?.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fffffff} {Uri}";
}

/// <summary>The post's author.</summary>
internal sealed record BlueskyAuthor(string? Did, string? Handle, IReadOnlyList<BlueskyLabel>? Labels);

/// <summary>A label set by moderation or by the author; <c>neg</c> withdraws it.</summary>
internal sealed record BlueskyLabel(string? Val, bool? Neg);

/// <summary>The post as its author's server stores it.</summary>
internal sealed record BlueskyRecord(BlueskyEmbed? Embed);

/// <summary>The attachment: the members of all its kinds, for views and records.</summary>
internal sealed record BlueskyEmbed(
    [property: JsonPropertyName("$type")] string? Type,
    IReadOnlyList<BlueskyImage>? Images,
    IReadOnlyList<BlueskyImage>? Items,
    BlueskyEmbed? Media,
    BlueskyBlob? Video,
    string? Thumbnail,
    string? Alt);

/// <summary>A picture: its addresses in a view, or its blob in a record.</summary>
internal sealed record BlueskyImage(string? Fullsize, string? Thumb, string? Thumbnail, string? Alt, BlueskyBlob? Image);

/// <summary>A reference to a blob.</summary>
internal sealed record BlueskyBlob(BlueskyLink? Ref);

/// <summary>The blob's content id.</summary>
internal sealed record BlueskyLink([property: JsonPropertyName("$link")] string? Link);
