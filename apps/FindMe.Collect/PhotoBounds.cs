using FindMe.Networks;

namespace FindMe.Collect;

/// <summary>Bounds what strangers write beside their photos, so that a page and its events stay as small as the store and the broker want them.</summary>
internal static class PhotoBounds
{
    // A description for people; networks allow 1,000 to 2,000 characters, of which some posts make use.
    private const int MaxDescription = 500;

    // Ids are addresses of posts with a number; browsers and servers take addresses of 2,000 characters at least.
    private const int MaxId = 512;
    private const int MaxAddress = 2_048;

    /// <summary>Shortens descriptions, and leaves out photos of the web whose addresses or ids no network has.</summary>
    public static (IReadOnlyList<SourcePhoto> Photos, IReadOnlyList<string> Notices) Apply(IReadOnlyList<SourcePhoto> photos)
    {
        var bounded = photos.Where(photo => photo.Locator.Url is null || IsShort(photo)).Select(Shorten).ToList();
        return (bounded, bounded.Count == photos.Count ? [] : ["Some photos were left out: the addresses of their posts are too long."]);
    }

    private static bool IsShort(SourcePhoto photo) =>
        photo is { Id.Length: <= MaxId, Post.Id.Length: <= MaxId }
        && !(photo.Post.Author?.Length > MaxId)
        && new[] { photo.Post.Url, photo.Locator.Url, photo.Locator.OriginalUrl, photo.Locator.VideoUrl }.All(address => !(address?.Length > MaxAddress));

    private static SourcePhoto Shorten(SourcePhoto photo) => photo.Post.Description is { Length: > MaxDescription } description
        ? photo with { Post = photo.Post with { Description = $"{description[..(char.IsHighSurrogate(description[MaxDescription - 2]) ? MaxDescription - 2 : MaxDescription - 1)]}…" } }
        : photo;
}
