using FindMe.Networks;

namespace FindMe.Collect;

/// <summary>Limits the size of untrusted texts next to photos, so that pages and events fit the limits of the store and the broker.</summary>
internal static class PhotoBounds
{
    // Networks allow 1,000 to 2,000 characters, which few posts use.
    private const int MaxDescription = 500;

    // Ids are addresses of posts plus a number; browsers and servers support addresses of at least 2,000 characters.
    private const int MaxId = 512;
    private const int MaxAddress = 2_048;

    /// <summary>Shortens descriptions, and drops photos of the web whose address or id is longer than on any network.</summary>
    public static (IReadOnlyList<SourcePhoto> Photos, IReadOnlyList<string> Notices) Apply(IReadOnlyList<SourcePhoto> photos)
    {
        var bounded = photos.Where(photo => photo.Locator.Url is null || IsShort(photo)).Select(Shorten).ToList();
        return (bounded, bounded.Count == photos.Count ? [] : ["Some photos were skipped: the addresses of their posts are too long."]);
    }

    private static bool IsShort(SourcePhoto photo) =>
        photo is { Id.Length: <= MaxId, Post.Id.Length: <= MaxId }
        && !(photo.Post.Author?.Length > MaxId)
        && new[] { photo.Post.Url, photo.Locator.Url, photo.Locator.OriginalUrl, photo.Locator.VideoUrl }.All(address => !(address?.Length > MaxAddress));

    private static SourcePhoto Shorten(SourcePhoto photo) => photo.Post.Description is { Length: > MaxDescription } description
        ? photo with { Post = photo.Post with { Description = $"{description[..(char.IsHighSurrogate(description[MaxDescription - 2]) ? MaxDescription - 2 : MaxDescription - 1)]}…" } }
        : photo;
}
