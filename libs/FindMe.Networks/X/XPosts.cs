using System.Text.Json;
using FindMe.Pipeline;

namespace FindMe.Networks;

/// <summary>Reads a page of X's posts. Posts that X withholds, and media without an address, are left out with a notice.</summary>
internal static class XPosts
{
    // X's own bit rate for 720p, in bits per second: 35 MB for the 140 s that most accounts may post.
    private const long MaxBitRate = 2_200_000;

    /// <summary>Parses a response.</summary>
    /// <returns>Null when it is malformed.</returns>
    public static XPage? TryRead(FetchedAnswer answer) => XAnswers.TryRead<XPage>(answer);

    /// <summary>Returns the photos of a page, and notices about those that could not be read.</summary>
    public static (IReadOnlyList<SourcePhoto> Photos, IReadOnlyList<string> Notices) Photos(XPage page)
    {
        var notices = new List<string>();
        var media = new Dictionary<string, XMedia>(StringComparer.Ordinal);
        foreach (var medium in page.Includes?.Media ?? [])
        {
            if (medium is { MediaKey: { } key })
            {
                media[key] = medium;
            }
        }

        var photos = new List<SourcePhoto>();
        foreach (var post in (page.Data ?? []).OfType<XPost>())
        {
            foreach (var key in post.Attachments?.MediaKeys ?? [])
            {
                if (post.Id is not { } id || key is null || media.GetValueOrDefault(key) is not { } medium || LocatorOf(medium) is not { } locator)
                {
                    notices.Add("Some pictures could not be read: X gives no address for them.");
                    continue;
                }

                var view = new Post(id, $"https://x.com/i/status/{id}", SourceNames.X, null, post.CreatedAt, post.PossiblySensitive == true, medium.AltText);
                photos.Add(new SourcePhoto($"{id}/{key}", view, locator));
            }
        }

        if (page.Errors is { Count: > 0 })
        {
            notices.Add("Some posts could not be read: X found but did not return them.");
        }

        return (photos, notices);
    }

    // Without a size name X returns 1,200 pixels; "large" has 2,048. For videos and animated GIFs, the preview picture.
    private static PhotoLocator? LocatorOf(XMedia medium) => medium switch
    {
        { Type: "photo", Url: { } url } => PhotoLocator.At(Sized(url, "large"), Sized(url, "orig")),
        { Type: not "photo", PreviewImageUrl: { } preview } => PhotoLocator.VideoAt(preview, VideoOf(medium)),
        _ => null,
    };

    // The best variant below the maximal bit rate, else the smallest; an animated GIF has one variant, with bit rate 0. Playlists only refer to other files.
    private static string? VideoOf(XMedia medium)
    {
        var files = (medium.Variants ?? []).OfType<XVariant>().Where(file => file is { ContentType: "video/mp4", Url: not null }).OrderBy(file => file.BitRate).ToList();
        return (files.FindLast(file => file.BitRate <= MaxBitRate) ?? files.FirstOrDefault())?.Url;
    }

    private static string Sized(string url, string name) => $"{url}{(url.Contains('?') ? '&' : '?')}name={name}";
}

/// <summary>A page of search results: https://docs.x.com/x-api/posts/search-recent-posts.</summary>
internal sealed record XPage(IReadOnlyList<XPost?>? Data, XIncludes? Includes, XMeta? Meta, IReadOnlyList<JsonElement>? Errors);

internal sealed record XPost(string? Id, DateTimeOffset? CreatedAt, bool? PossiblySensitive, XAttachments? Attachments);

internal sealed record XAttachments(IReadOnlyList<string?>? MediaKeys);

internal sealed record XIncludes(IReadOnlyList<XMedia?>? Media);

internal sealed record XMedia(string? MediaKey, string? Type, string? Url, string? PreviewImageUrl, string? AltText, IReadOnlyList<XVariant?>? Variants);

internal sealed record XVariant(long BitRate, string? ContentType, string? Url);

internal sealed record XMeta(string? NextToken, string? NewestId);
