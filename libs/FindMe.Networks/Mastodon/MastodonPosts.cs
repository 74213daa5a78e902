using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using FindMe.Pipeline;

namespace FindMe.Networks;

/// <summary>Reads posts of Mastodon: which may be looked at, and the photos they carry.</summary>
/// <remarks>https://docs.joinmastodon.org/entities/Status. Instances are strangers: a post of another shape is left out, not trusted.</remarks>
internal static partial class MastodonPosts
{
    private const int MaxNote = 2_000;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Reads an answer.</summary>
    /// <returns>Null where it has another shape.</returns>
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

    /// <summary>Reads one post.</summary>
    /// <returns>Null where it has another shape.</returns>
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

    /// <summary>The photos of those posts that may be looked at and are asked for.</summary>
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
                notices.Add("Posts of people who do not want to be found by searches were left out.");
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
                    notices.Add("Some attachments could not be had: the instance names no picture for them.");
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

    // What the account says to Mastodon, and what people write into their profile for programs to read.
    private static bool MayBeFound(MastodonAccount account) =>
        account.Indexable != false && account.Noindex != true && !NoBot().IsMatch(Markup().Replace(Head(account.Note ?? ""), ""));

    // Mastodon has 500 characters, and what it makes of them: an instance of strangers may send megabytes.
    private static string Head(string note) => note[..Math.Min(note.Length, MaxNote)];

    // Of a video also the picture that stands for it. Where the instance has no copy of its own yet, the post's home has one.
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

    // Ends at the next tag: it looks at no character twice.
    [GeneratedRegex("<[^<>]*>")]
    private static partial Regex Markup();
}

/// <summary>A post, as far as FindMe reads it.</summary>
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

/// <summary>Who posted it.</summary>
internal sealed record MastodonAccount(string? Acct, bool? Indexable, bool? Noindex, string? Note);

/// <summary>What it carries.</summary>
internal sealed record MastodonMedia(string? Type, string? Url, string? PreviewUrl, string? RemoteUrl, string? Description);

/// <summary>What an instance says of itself.</summary>
internal sealed record MastodonInstance(MastodonConfiguration? Configuration);

/// <summary>What it allows.</summary>
internal sealed record MastodonConfiguration(MastodonTimelines? TimelinesAccess);

/// <summary>Who may read its timelines.</summary>
internal sealed record MastodonTimelines([property: JsonPropertyName("hashtag_feeds")] MastodonFeeds? HashtagFeeds);

/// <summary>Each <c>public</c>, <c>authenticated</c> or <c>disabled</c>.</summary>
internal sealed record MastodonFeeds(string? Local, string? Remote);
