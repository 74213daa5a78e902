using FindMe.Pipeline;

namespace FindMe.Networks;

/// <summary>An album: every regular file of a folder that the operator offers, in the order of their paths.</summary>
internal sealed class AlbumSource(Albums albums) : IPhotoSource
{
    public string Name => SourceNames.Album;

    // A path is its own place in the order: the page goes on after the last one, whatever came or went meanwhile.
    public Task<SourcePage> ListAsync(Search search, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> paths;
        try
        {
            paths = albums.Paths(search.Query);
        }
        catch (AlbumException exception)
        {
            throw new SourceException(new SearchProblem("album-unavailable", exception.Message, exception.WayOut));
        }

        var page = paths
            .SkipWhile(path => search.Next is { } last && string.CompareOrdinal(path, last) <= 0)
            .Take(SearchPage.MaxPhotos + 1)
            .Select(path => new SourcePhoto(path, new Post(path), PhotoLocator.InAlbum(search.Query, path)))
            .ToList();
        var photos = page.Take(SearchPage.MaxPhotos).ToList();
        return Task.FromResult(new SourcePage(photos, photos.Count, page.Count > photos.Count ? photos[^1].Id : null));
    }
}
