using System.Globalization;
using FindMe.Pipeline;

namespace FindMe.Api;

/// <summary>A found photo as every format of an export tells of it.</summary>
/// <param name="Photo">The photo and its verdict.</param>
/// <param name="Key">Its short id in the search: <c>listing-index</c>.</param>
internal sealed record ExportedPhoto(BatchPhoto Photo, string Key)
{
    /// <summary>X allows links to its posts, not copies of what they show or say.</summary>
    public bool IsLinkOnly => Photo.Post.Network == SourceNames.X;

    public string Network => Photo.Post.Network ?? (Photo.Locator.Album is null ? "" : SourceNames.Album);

    public string Author => Photo.Post.Author ?? "";

    public string Link => Photo.Post.Url ?? "";

    public string Text => IsLinkOnly ? "" : Photo.Post.Description ?? "";

    /// <summary>ISO 8601, in UTC; empty: not known.</summary>
    public string Time => Photo.Post.CreatedAt?.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "";

    /// <summary>When the person is to be seen in the post's video; empty: it has none.</summary>
    public string VideoTime => Photo.Verdict!.FrameAt is { } seconds ? TimeSpan.FromSeconds(seconds).ToString(@"h\:mm\:ss", CultureInfo.InvariantCulture) : "";

    /// <summary>What its file should be called, before it is made safe; without extension where that is told by its bytes alone.</summary>
    public string Name => Photo switch
    {
        { Locator.Album: not null, Locator.Path: { } path } => path[(path.LastIndexOf('/') + 1)..],
        { Locator.Upload: not null, Post.Id: var name } => name[(name.LastIndexOf('/') + 1)..],
        _ => string.Join('-', new[] { Network, Photo.Post.CreatedAt?.ToUniversalTime().ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture), Author }.Where(part => !string.IsNullOrEmpty(part))),
    };

    /// <summary>All photos of a search that count as found, in the order of the listing.</summary>
    public static List<ExportedPhoto> Of(SearchSnapshot snapshot)
    {
        var photos = new List<ExportedPhoto>();
        var first = 0;
        foreach (var page in snapshot.Search.Pages)
        {
            photos.AddRange(snapshot.Batches.Skip(first).Take(page.BatchCount())
                .SelectMany(batch => batch.Photos)
                .Where(photo => photo.Verdict is { Box: not null } verdict && verdict.IsShown(within: null))
                .Select(photo => new ExportedPhoto(photo, $"{page.Listing}-{photo.Index}")));
            first += page.BatchCount();
        }

        return photos;
    }

    /// <summary>The photos that a request names, in its order.</summary>
    /// <param name="found">All that may be named.</param>
    /// <param name="named">Ids, or lists of ids with commas between them; a photo's id is what its source calls it, or its short one.</param>
    /// <returns>Null where one of them is not among them.</returns>
    public static List<ExportedPhoto>? Choose(List<ExportedPhoto> found, IReadOnlyList<string> named)
    {
        var known = new Dictionary<string, ExportedPhoto>(StringComparer.Ordinal);
        foreach (var photo in found)
        {
            known.TryAdd(photo.Photo.Id, photo);
            known.TryAdd(photo.Key, photo);
        }

        // An album's photo may have a comma in its name.
        var ids = named.SelectMany(name => known.ContainsKey(name) ? [name] : name.Split(',')).ToList();
        return ids.All(known.ContainsKey) ? [.. ids.Select(id => known[id]).Distinct()] : null;
    }
}
