using System.Globalization;
using FindMe.Networks;
using FindMe.Pipeline;
using FindMe.Reports;

namespace FindMe.Api;

/// <summary>A found photo that may be taken along.</summary>
/// <param name="Photo">The photo and its verdict.</param>
/// <param name="Key">Its short id in the search: <c>listing-index</c>.</param>
internal sealed record ExportedPhoto(BatchPhoto Photo, string Key)
{
    /// <summary>X allows links to its posts, not copies of what they show or say.</summary>
    public bool IsLinkOnly => Photo.Post.Network == SourceNames.X;

    /// <summary>The photo as every format tells of it.</summary>
    /// <param name="picture">What is equal for photos that show the same picture; null: no other one does.</param>
    /// <param name="caption">What the person says of it.</param>
    public ReportPhoto Describe(string? picture, string caption) => new(Key, Name)
    {
        Network = Network,
        NetworkTitle = Photo.Post.Network switch { SourceNames.Mastodon => "Mastodon", SourceNames.Bluesky => "Bluesky", SourceNames.X => "X", _ => "" },
        Author = Photo.Post.Author ?? "",
        Link = Photo.Post.Url ?? "",
        Text = IsLinkOnly ? "" : Photo.Post.Description ?? "",
        Caption = caption,
        Time = Photo.Post.CreatedAt,
        VideoTime = Photo.Verdict!.FrameAt is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
        IsLinkOnly = IsLinkOnly,
        Picture = picture,
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
        var known = ById(found);

        // An album's photo may have a comma in its name.
        var ids = named.SelectMany(name => known.ContainsKey(name) ? [name] : name.Split(',')).ToList();
        return ids.All(known.ContainsKey) ? [.. ids.Select(id => known[id]).Distinct()] : null;
    }

    /// <summary>The photos by their ids: what their sources call them, and the short ones.</summary>
    public static Dictionary<string, ExportedPhoto> ById(IEnumerable<ExportedPhoto> photos)
    {
        var known = new Dictionary<string, ExportedPhoto>(StringComparer.Ordinal);
        foreach (var photo in photos)
        {
            known.TryAdd(photo.Photo.Id, photo);
            known.TryAdd(photo.Key, photo);
        }

        return known;
    }

    private string Network => Photo.Post.Network ?? (Photo.Locator.Album is null ? "" : SourceNames.Album);

    private string Name => Photo switch
    {
        { Locator.Album: not null, Locator.Path: { } path } => path[(path.LastIndexOf('/') + 1)..],
        { Locator.Upload: not null, Post.Id: var name } => name[(name.LastIndexOf('/') + 1)..],
        _ => string.Join('-', new[] { Network, Photo.Post.CreatedAt?.ToUniversalTime().ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture), Photo.Post.Author }.Where(part => !string.IsNullOrEmpty(part))),
    };
}

/// <summary>Reads the files of found photos: original bytes, or the frame of a video.</summary>
internal sealed class ExportedFiles(PhotoReading reading, VideoPictures frames)
{
    /// <summary>Reads a photo's file.</summary>
    public async Task<PhotoFile> ReadAsync(BatchPhoto photo, CancellationToken cancellationToken)
    {
        try
        {
            return new PhotoFile(photo.Verdict!.FrameAt is { } seconds
                ? await frames.ReadAsync(photo.Locator, TimeSpan.FromSeconds(seconds), cancellationToken)
                : await reading.TryReadOriginalAsync(photo.Locator, cancellationToken) ?? await reading.ReadAsync(photo.Locator, cancellationToken));
        }
        catch (Exception exception) when (exception is PhotoUnavailableException or PhotoUnreachableException)
        {
            return new PhotoFile(null, exception.Message);
        }
    }
}
