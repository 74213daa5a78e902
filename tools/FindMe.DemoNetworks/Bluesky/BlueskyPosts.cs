using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using FindMe.DemoNetworks.Media;

namespace FindMe.DemoNetworks.Bluesky;

/// <summary>The posts of the imitated Bluesky, and their JSON as records and views.</summary>
internal sealed class BlueskyPosts(Scenario scenario, MediaHost media, TimeProvider time)
{
    // The AppView's picture sizes: "fullsize" can be this small; getBlob returns the original.
    private const int FullSide = 1000;
    private const int ThumbSide = 500;
    private const int AvatarSide = 1000;

    private const string Base32 = "234567abcdefghijklmnopqrstuvwxyz";

    private readonly Lock _lock = new();
    private readonly List<Record> _records = [];
    private readonly Dictionary<string, string> _blobs = [];

    internal sealed record Record(string Key, ScenarioPost Post, DateTimeOffset At);

    public static string HandleOf(ScenarioAccount account) => $"{account.Name}.test";

    public static string DidOf(ScenarioAccount account) => $"did:plc:{account.Name.PadRight(24, 'a')[..24]}";

    public void Publish(ScenarioPost post)
    {
        lock (_lock)
        {
            var at = time.GetUtcNow() - TimeSpan.FromMinutes(post.MinutesAgo);
            // A timestamp id (TID): microseconds and a 10-bit clock id, as 13 characters that sort numerically.
            var number = (at.ToUnixTimeMilliseconds() * 1000 << 10) | (uint)(_records.Count & 0x3ff);
            var key = new char[13];
            for (var i = 12; i >= 0; i--, number >>= 5)
            {
                key[i] = Base32[(int)(number & 31)];
            }

            _records.Add(new Record(new string(key), post, at));
        }
    }

    public IReadOnlyList<Record> Newest()
    {
        lock (_lock)
        {
            return [.. _records.OrderByDescending(record => record.At).ThenByDescending(record => record.Key, StringComparer.Ordinal)];
        }
    }

    public Record? Find(string uri)
    {
        lock (_lock)
        {
            return _records.FirstOrDefault(record => UriOf(record) == uri);
        }
    }

    /// <summary>Returns the path of a picture's original bytes.</summary>
    public string? BlobOf(string cid)
    {
        lock (_lock)
        {
            return _blobs.GetValueOrDefault(cid);
        }
    }

    public JsonObject Author(ScenarioAccount account)
    {
        var did = DidOf(account);
        var json = new JsonObject
        {
            ["did"] = did,
            ["handle"] = HandleOf(account),
            ["displayName"] = char.ToUpperInvariant(account.Name[0]) + account.Name[1..],
            ["labels"] = Labels(account.Labels, did, $"at://{did}/app.bsky.actor.profile/self"),
            ["createdAt"] = "2024-01-01T00:00:00.000Z",
        };
        if (account.Avatar is not null)
        {
            json["avatar"] = media.OfferAvatar($"img/avatar/plain/{did}/{Cid("avatar" + account.Avatar)}@jpeg", account, AvatarSide);
        }

        return json;
    }

    public JsonNode Write(Record record)
    {
        var (post, author) = (record.Post, AuthorOf(record));
        var (recordEmbed, view) = Embed(record);
        var content = new JsonObject
        {
            ["$type"] = "app.bsky.feed.post",
            ["text"] = post.Text,
            ["createdAt"] = Iso(record.At),
            ["langs"] = new JsonArray(post.Language),
            ["facets"] = new JsonArray([.. post.Hashtags.Select(tag => Facet(post.Text, tag))]),
        };
        var json = new JsonObject
        {
            ["uri"] = UriOf(record),
            ["cid"] = "bafyrei" + Cid(record.Key)["bafkrei".Length..],
            ["author"] = Author(author),
            ["record"] = content,
            ["replyCount"] = 0,
            ["repostCount"] = 0,
            ["likeCount"] = 0,
            ["quoteCount"] = 0,
            ["indexedAt"] = Iso(record.At.AddSeconds(1)),
            ["labels"] = Labels(post.Labels, DidOf(author), UriOf(record)),
        };
        if (recordEmbed is not null)
        {
            content["embed"] = recordEmbed;
            json["embed"] = view;
        }

        return json;
    }

    private (JsonObject? Record, JsonObject? View) Embed(Record record)
    {
        var pictures = record.Post.Media.Select((item, index) => Picture(record, item, index)).ToList();
        if (pictures.Count == 0)
        {
            return (null, null);
        }

        switch (record.Post.Embed)
        {
            case BlueskyEmbed.Gallery:
                return Gallery(pictures);
            case BlueskyEmbed.RecordWithMedia:
                return Quote(Images(pictures));
            case BlueskyEmbed.RecordWithGallery:
                return Quote(Gallery(pictures));
            case BlueskyEmbed.Video:
                var did = DidOf(AuthorOf(record));
                return (
                    new JsonObject { ["$type"] = "app.bsky.embed.video", ["video"] = Blob(pictures[0].Cid, "video/mp4"), ["aspectRatio"] = pictures[0].Aspect.DeepClone() },
                    new JsonObject
                    {
                        ["$type"] = "app.bsky.embed.video#view",
                        ["cid"] = pictures[0].Cid,
                        ["playlist"] = $"{media.Address}watch/{did}/{pictures[0].Cid}/playlist.m3u8",
                        ["thumbnail"] = pictures[0].Thumb,
                        ["aspectRatio"] = pictures[0].Aspect,
                    });
            case BlueskyEmbed.External:
                return (
                    new JsonObject { ["$type"] = "app.bsky.embed.external", ["external"] = new JsonObject { ["uri"] = "https://example.com/", ["title"] = "A page", ["description"] = "" } },
                    new JsonObject
                    {
                        ["$type"] = "app.bsky.embed.external#view",
                        ["external"] = new JsonObject { ["uri"] = "https://example.com/", ["title"] = "A page", ["description"] = "", ["thumb"] = pictures[0].Thumb },
                    });
            default:
                return Images(pictures);
        }
    }

    private static (JsonObject Record, JsonObject View) Images(IReadOnlyList<Shown> pictures) => (
        new JsonObject
        {
            ["$type"] = "app.bsky.embed.images",
            ["images"] = new JsonArray([.. pictures.Select(picture => new JsonObject { ["alt"] = picture.Alt, ["aspectRatio"] = picture.Aspect.DeepClone(), ["image"] = Blob(picture.Cid, picture.MimeType) })]),
        },
        new JsonObject
        {
            ["$type"] = "app.bsky.embed.images#view",
            ["images"] = new JsonArray([.. pictures.Select(picture => new JsonObject { ["thumb"] = picture.Thumb, ["fullsize"] = picture.Full, ["alt"] = picture.Alt, ["aspectRatio"] = picture.Aspect.DeepClone() })]),
        });

    // Gallery items name the small picture "thumbnail", not "thumb".
    private static (JsonObject Record, JsonObject View) Gallery(IReadOnlyList<Shown> pictures) => (
        new JsonObject
        {
            ["$type"] = "app.bsky.embed.gallery",
            ["items"] = new JsonArray([.. pictures.Select(picture => new JsonObject
            {
                ["$type"] = "app.bsky.embed.gallery#image",
                ["image"] = Blob(picture.Cid, picture.MimeType),
                ["alt"] = picture.Alt,
                ["aspectRatio"] = picture.Aspect.DeepClone(),
            })]),
        },
        new JsonObject
        {
            ["$type"] = "app.bsky.embed.gallery#view",
            ["items"] = new JsonArray([.. pictures.Select(picture => new JsonObject
            {
                ["$type"] = "app.bsky.embed.gallery#viewImage",
                ["thumbnail"] = picture.Thumb,
                ["fullsize"] = picture.Full,
                ["alt"] = picture.Alt,
                ["aspectRatio"] = picture.Aspect.DeepClone(),
            })]),
        });

    private static (JsonObject Record, JsonObject View) Quote((JsonObject Record, JsonObject View) quoting) => (
        new JsonObject
        {
            ["$type"] = "app.bsky.embed.recordWithMedia",
            ["record"] = new JsonObject { ["$type"] = "app.bsky.embed.record", ["record"] = new JsonObject { ["uri"] = "at://did:plc:quoted/app.bsky.feed.post/3quoted", ["cid"] = Cid("quoted") } },
            ["media"] = quoting.Record,
        },
        new JsonObject
        {
            ["$type"] = "app.bsky.embed.recordWithMedia#view",
            ["record"] = new JsonObject { ["record"] = new JsonObject { ["$type"] = "app.bsky.embed.record#viewNotFound", ["uri"] = "at://did:plc:quoted/app.bsky.feed.post/3quoted", ["notFound"] = true } },
            ["media"] = quoting.View,
        });

    private Shown Picture(Record record, ScenarioMedia item, int index)
    {
        var did = DidOf(AuthorOf(record));
        var cid = Cid($"{record.Key}/{index}");
        var gone = record.Post.DeletedAfterSearch;
        // The AppView converts every upload to JPEG; only the original keeps its format.
        var shown = item.Format == "heic" ? item : item with { Format = "jpg" };
        var full = media.Offer($"img/feed_fullsize/plain/{did}/{cid}@jpeg", shown, FullSide, gone);
        var thumb = media.Offer($"img/feed_thumbnail/plain/{did}/{cid}@jpeg", shown, ThumbSide, gone);
        var original = item.Kind == MediaKind.Video ? media.OfferVideo($"blob/{did}/{cid}", item, gone) : media.Offer($"blob/{did}/{cid}", item, int.MaxValue, gone);
        lock (_lock)
        {
            _blobs[cid] = original;
        }

        var (width, height) = item.Format == "heic" ? (4, 3) : media.Pictures.SizeOf(item.Picture);
        return new Shown(
            cid, item.Alt ?? "", new JsonObject { ["width"] = width, ["height"] = height }, full, thumb, $"image/{(item.Format == "jpg" ? "jpeg" : item.Format)}");
    }

    private static JsonObject Blob(string cid, string mimeType) => new()
    {
        ["$type"] = "blob",
        ["ref"] = new JsonObject { ["$link"] = cid },
        ["mimeType"] = mimeType,
        ["size"] = 812345,
    };

    // Positions are UTF-8 byte offsets.
    private static JsonObject Facet(string text, string tag)
    {
        var at = text.IndexOf("#" + tag, StringComparison.OrdinalIgnoreCase);
        var start = Encoding.UTF8.GetByteCount(text.AsSpan(0, at));
        return new JsonObject
        {
            ["index"] = new JsonObject { ["byteStart"] = start, ["byteEnd"] = start + Encoding.UTF8.GetByteCount(text.AsSpan(at, tag.Length + 1)) },
            ["features"] = new JsonArray(new JsonObject { ["$type"] = "app.bsky.richtext.facet#tag", ["tag"] = tag }),
        };
    }

    private static JsonArray Labels(IEnumerable<string> labels, string source, string uri) => new(
        [.. labels.Select(label => new JsonObject { ["src"] = source, ["uri"] = uri, ["val"] = label, ["cts"] = "2026-11-20T00:00:00.000Z" })]);

    private ScenarioAccount AuthorOf(Record record) => scenario.Accounts.First(account => account.Name == record.Post.Author);

    private string UriOf(Record record) => $"at://{DidOf(AuthorOf(record))}/app.bsky.feed.post/{record.Key}";

    private static string Iso(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static string Cid(string of) => "bafkrei" + string.Concat(SHA256.HashData(Encoding.UTF8.GetBytes(of)).Concat(SHA256.HashData(Encoding.UTF8.GetBytes(of + "2"))).Take(52).Select(value => "abcdefghijklmnopqrstuvwxyz234567"[value & 31]));

    /// <summary>A picture of an embed.</summary>
    private sealed record Shown(string Cid, string Alt, JsonObject Aspect, string Full, string Thumb, string MimeType);
}
