using System.Text.Encodings.Web;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using FindMe.DemoNetworks.Media;

namespace FindMe.DemoNetworks.Mastodon;

/// <summary>The posts of all Mastodon instances. Each instance knows some of them, under its own URL and one common URI.</summary>
internal sealed partial class MastodonFederation(Scenario scenario, MediaHost media, TimeProvider time)
{
    // Mastodon's sizes: originals up to 8.3 megapixels, previews of 640×360, avatars of 400×400.
    private const int OriginalSide = 3840;
    private const int SmallSide = 640;
    private const int AvatarSide = 400;

    private readonly Lock _lock = new();
    private readonly List<Status> _posts = [];
    private readonly MastodonInstance?[] _instances = new MastodonInstance?[scenario.Mastodon.Count];

    /// <summary>A post on the instances.</summary>
    /// <param name="Id">Its id; here the same on every instance, which the protocol does not guarantee.</param>
    /// <param name="Post">The post in the scenario.</param>
    /// <param name="At">When it was posted.</param>
    /// <param name="Home">The index of its home instance.</param>
    internal sealed record Status(long Id, ScenarioPost Post, DateTimeOffset At, int Home);

    public void Join(int number, MastodonInstance instance)
    {
        _instances[number] = instance;
        if (_instances.All(other => other is not null))
        {
            foreach (var post in scenario.MastodonPosts)
            {
                Publish(post);
            }
        }
    }

    public void Publish(ScenarioPost post)
    {
        lock (_lock)
        {
            var at = time.GetUtcNow() - TimeSpan.FromMinutes(post.MinutesAgo);
            // Mastodon's snowflake ids: milliseconds in the upper 48 bits, a sequence number in the lower 16.
            _posts.Add(new Status((at.ToUnixTimeMilliseconds() << 16) | (uint)(_posts.Count & 0xffff), post, at, post.Instances.Count > 0 ? post.Instances[0] : 0));
        }
    }

    /// <summary>Returns the public posts that an instance knows.</summary>
    public IReadOnlyList<Status> Known(int instance)
    {
        lock (_lock)
        {
            return [.. _posts.Where(post => post.Post.Instances.Count == 0 || post.Post.Instances.Contains(instance))];
        }
    }

    public Status? Find(string id)
    {
        lock (_lock)
        {
            return _posts.FirstOrDefault(post => $"{post.Id}" == id);
        }
    }

    public JsonObject ToJson(Status status, MastodonInstance seenFrom)
    {
        var (post, home) = (status.Post, _instances[status.Home]!);
        var author = scenario.Accounts.First(account => account.Name == post.Author);
        return new JsonObject
        {
            ["id"] = $"{status.Id}",
            ["created_at"] = Iso(status.At),
            ["in_reply_to_id"] = null,
            ["in_reply_to_account_id"] = null,
            ["sensitive"] = post.Sensitive,
            ["spoiler_text"] = "",
            ["visibility"] = post.Visibility,
            ["language"] = post.Language,
            ["uri"] = $"{home.Address}users/{author.Name}/statuses/{status.Id}",
            ["url"] = $"{home.Address}@{author.Name}/{status.Id}",
            ["replies_count"] = 0,
            ["reblogs_count"] = 0,
            ["favourites_count"] = 0,
            ["edited_at"] = null,
            ["content"] = $"<p>{HashtagPattern().Replace(HtmlEncoder.Default.Encode(post.Text).Replace("&#x23;", "#"), match =>
                $"<a href=\"{seenFrom.Address}tags/{match.Groups[1].Value.ToLowerInvariant()}\" class=\"mention hashtag\" rel=\"tag\">#<span>{match.Groups[1].Value}</span></a>")}</p>",
            ["reblog"] = null,
            ["account"] = ToJson(author, home, seenFrom),
            ["media_attachments"] = new JsonArray([.. post.Media.Select((item, index) => ToJson(item, status, index, seenFrom))]),
            ["mentions"] = new JsonArray(),
            ["tags"] = new JsonArray([.. post.Hashtags.Select(tag => new JsonObject { ["name"] = tag, ["url"] = $"{seenFrom.Address}tags/{tag}" })]),
            ["emojis"] = new JsonArray(),
            ["quote"] = null,
            ["card"] = null,
            ["poll"] = null,
        };
    }

    public JsonObject ToJson(ScenarioAccount account, MastodonInstance home, MastodonInstance seenFrom)
    {
        var avatar = media.OfferAvatar($"accounts/avatars/{account.Name}/original/avatar.jpg", account, AvatarSide);
        var json = new JsonObject
        {
            ["id"] = $"{scenario.Accounts.ToList().IndexOf(account) + 1}",
            ["username"] = account.Name,
            ["acct"] = home == seenFrom ? account.Name : $"{account.Name}@{home.Host}",
            ["display_name"] = char.ToUpperInvariant(account.Name[0]) + account.Name[1..],
            ["locked"] = false,
            ["bot"] = false,
            ["discoverable"] = true,
            ["indexable"] = account.Indexable,
            ["group"] = false,
            ["created_at"] = "2022-11-05T00:00:00.000Z",
            ["note"] = $"<p>{HtmlEncoder.Default.Encode(account.Note).Replace("&#x23;", "#")}</p>",
            ["url"] = $"{home.Address}@{account.Name}",
            ["uri"] = $"{home.Address}users/{account.Name}",
            ["avatar"] = avatar,
            ["avatar_static"] = avatar,
            ["header"] = $"{home.Address}headers/original/missing.png",
            ["header_static"] = $"{home.Address}headers/original/missing.png",
            ["followers_count"] = 1,
            ["following_count"] = 1,
            ["statuses_count"] = 1,
            ["last_status_at"] = "2026-11-20",
            ["emojis"] = new JsonArray(),
            ["fields"] = new JsonArray(),
        };
        if (account.NoIndex is { } noIndex)
        {
            json["noindex"] = noIndex;
        }

        return json;
    }

    private JsonObject ToJson(ScenarioMedia item, Status status, int index, MastodonInstance seenFrom)
    {
        var ending = item.Format == "jpg" ? "jpeg" : item.Format;
        var path = $"media_attachments/files/{status.Id}/{index}";
        var gone = status.Post.DeletedAfterSearch;
        var original = media.Offer($"{path}/original/file.{ending}", item, OriginalSide, gone);
        var small = media.Offer($"{path}/small/file.{ending}", item with { Behaviour = item.Behaviour == MediaBehaviour.FailsOnce ? MediaBehaviour.Serve : item.Behaviour }, SmallSide, gone);
        var (width, height) = item.Kind is MediaKind.Photo && item.Format != "heic" ? media.Pictures.SizeOf(item.Picture) : (1280, 720);
        var shrink = Math.Min(1, (double)SmallSide / Math.Max(width, height));
        var atHome = seenFrom == _instances[status.Home];
        var file = item.Kind is MediaKind.Video or MediaKind.AnimatedGif ? media.OfferVideo($"{path}/original/file.mp4", item, gone) : original;
        return new JsonObject
        {
            ["id"] = $"{status.Id + index + 1}",
            ["type"] = item.Kind switch
            {
                MediaKind.AnimatedGif => "gifv",
                MediaKind.Video => "video",
                MediaKind.Audio => "audio",
                MediaKind.Unknown => "unknown",
                _ => "image",
            },
            ["url"] = item.OnlyRemote ? null : file,
            ["preview_url"] = item.OnlyRemote ? null : small,
            ["remote_url"] = atHome && !item.OnlyRemote ? null : file,
            ["text_url"] = null,
            ["meta"] = new JsonObject { ["original"] = Size(width, height), ["small"] = Size((int)(width * shrink), (int)(height * shrink)) },
            ["description"] = item.Alt,
            ["blurhash"] = "UFBWY:8_0Jxv4mx]t8t64.%M-:IUWGWAt6M}",
        };
    }

    private static JsonObject Size(int width, int height) => new()
    {
        ["width"] = width,
        ["height"] = height,
        ["size"] = $"{width}x{height}",
        ["aspect"] = (double)width / height,
    };

    private static string Iso(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'");

    [GeneratedRegex(@"(?<!&)#(\w+)")]
    private static partial Regex HashtagPattern();
}
