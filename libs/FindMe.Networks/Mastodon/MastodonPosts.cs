using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using FindMe.Pipeline;

namespace FindMe.Networks;

/// <summary>Reads Mastodon's posts: filters those that may be searched and extracts their photos.</summary>
/// <remarks>https://docs.joinmastodon.org/entities/Status. Instances are untrusted: malformed posts are left out.</remarks>
internal static partial class MastodonPosts
{
    private const int MaxNote = 2_000;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Parses a response body.</summary>
    /// <returns>Null when it is malformed.</returns>
    public static T? TryRead<T>(byte[] body)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(body, Json);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Parses one post.</summary>
    /// <returns>Null when it is malformed.</returns>
    public static MastodonStatus? TryRead(JsonElement element)
    {
        try
        {
            return element.Deserialize<MastodonStatus>(Json) is { Id: not null, Uri: not null, Account: not null } status ? status : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Returns the photos of those posts that may be searched and match the terms.</summary>
    public static (IReadOnlyList<SourcePhoto> Photos, IReadOnlyList<string> Notices) Read(IEnumerable<MastodonStatus> statuses, SearchTerms terms)
    {
        var photos = new List<SourcePhoto>();
        var notices = new List<string>();
        foreach (var status in statuses.Where(status => IsAskedFor(status, terms)))
        {
            if (status.Visibility != "public" || status.Reblog is not null)
            {
                continue;
            }

            if (!MayBeFound(status.Account))
            {
                notices.Add("Posts of people who opted out of being searched were left out.");
                continue;
            }

            for (var number = 0; number < (status.MediaAttachments?.Count ?? 0); number++)
            {
                var media = status.MediaAttachments![number];
                if (media is null or { Type: "audio" })
                {
                    continue;
                }

                if (LocatorOf(media) is not { } locator)
                {
                    notices.Add("Some attachments could not be read: the instance gives no picture for them.");
                    continue;
                }

                var post = new Post(status.Uri, status.Url ?? status.Uri, SourceNames.Mastodon, AuthorOf(status), status.CreatedAt, status.Sensitive == true, media.Description);
                photos.Add(new SourcePhoto($"{status.Uri}#{number}", post, locator));
            }
        }

        return (photos, [.. notices.Distinct()]);
    }

    private static bool IsAskedFor(MastodonStatus status, SearchTerms terms) =>
        !(status.CreatedAt < terms.Since)
        && !(status.CreatedAt >= terms.Until)
        && (terms.Language is null || status.Language is null || status.Language.Equals(terms.Language, StringComparison.OrdinalIgnoreCase));

    // Honours the account's own settings, and the tags that people put into their profiles for bots.
    private static bool MayBeFound(MastodonAccount account) =>
        account.Indexable != false && account.Noindex != true && !NoBot().IsMatch(Markup().Replace(Head(account.Note ?? ""), ""));

    // Mastodon allows 500 characters plus markup, but an untrusted instance may send megabytes.
    private static string Head(string note) => note[..Math.Min(note.Length, MaxNote)];

    // For a video, its preview picture. Where the instance has no copy yet, use the one on the post's own server.
    private static PhotoLocator? LocatorOf(MastodonMedia media) => media switch
    {
        { Type: "image", Url: { } url } => PhotoLocator.At(url),
        { Type: "image", RemoteUrl: { } url } => PhotoLocator.At(url),
        { Type: "gifv" or "video", PreviewUrl: { } preview } => PhotoLocator.VideoAt(preview, media.Url ?? media.RemoteUrl),
        _ => null,
    };

    private static string? AuthorOf(MastodonStatus status) =>
        status.Account.Acct is { } handle && !handle.Contains('@') && Uri.TryCreate(status.Uri, UriKind.Absolute, out var home) ? $"{handle}@{home.Authority}" : status.Account.Acct;

    [GeneratedRegex("#(nobot|nobots|noindex)\\b", RegexOptions.IgnoreCase)]
    private static partial Regex NoBot();

    // Stops at the next '<', so it reads each character only once.
    [GeneratedRegex("<[^<>]*>")]
    private static partial Regex Markup();
}

/// <summary>A post: only the members that FindMe reads.</summary>
internal sealed record MastodonStatus(
    string Id,
    string Uri,
    string? Url,
    DateTimeOffset? CreatedAt,
    string? Visibility,
    string? Language,
    bool? Sensitive,
    JsonElement? Reblog,
    MastodonAccount Account,
    IReadOnlyList<MastodonMedia>? MediaAttachments);

/// <summary>The post's author.</summary>
internal sealed record MastodonAccount(string? Acct, bool? Indexable, bool? Noindex, string? Note);

/// <summary>A media attachment.</summary>
internal sealed record MastodonMedia(string? Type, string? Url, string? PreviewUrl, string? RemoteUrl, string? Description);

/// <summary>An instance's description of itself.</summary>
internal sealed record MastodonInstance(MastodonConfiguration? Configuration);

/// <summary>The part of the description that says what the instance allows.</summary>
internal sealed record MastodonConfiguration(MastodonTimelines? TimelinesAccess);

/// <summary>Who may read the instance's timelines.</summary>
internal sealed record MastodonTimelines([property: JsonPropertyName("hashtag_feeds")] MastodonFeeds? HashtagFeeds);

/// <summary>Each <c>public</c>, <c>authenticated</c> or <c>disabled</c>.</summary>
internal sealed record MastodonFeeds(string? Local, string? Remote);
