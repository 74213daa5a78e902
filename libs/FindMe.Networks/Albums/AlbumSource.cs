using FindMe.Pipeline;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace FindMe.Networks;

/// <summary>Lists an album: every regular file of a folder that the operator offers, ordered by path.</summary>
internal sealed class AlbumSource(Albums albums, SharedAlbums shared) : IPhotoSource
{
    public string Name => SourceNames.Album;

    public string Title => "Albums";

    public Task<SourceOffer> OfferAsync(Person? person, CancellationToken cancellationToken)
    {
        var names = shared.NamesFor(person);
        return Task.FromResult(new SourceOffer("Album", "", names.Count > 0 ? null : SourceObstacle.Operator("The operator has shared no album with you."))
        {
            Choices = [.. names.Select(name => new SourceChoice(name, name))],
        });
    }

    public Task<SearchProblem?> CheckAsync(SourceQuery query, CancellationToken cancellationToken) => Task.FromResult(shared.MaySee(query.Person, query.Text)
        ? null
        : new SearchProblem("unknown-album", $"There is no album named “{query.Text}”.", "GET /api/sources lists the albums; the operator adds one with --album FOLDER."));

    // The last path is the resume point, so files added or deleted between pages do no harm.
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

internal static class AlbumSourceServices
{
    public static void AddAlbumSource(this IServiceCollection services)
    {
        services.AddAlbums();
        services.AddOptions<AlbumSharingOptions>().BindConfiguration(AlbumSharingOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<AlbumSharingOptions>, AlbumSharingOptionsValidator>();
        services.AddSingleton<SharedAlbums>();
        services.AddSingleton<IPhotoSource, AlbumSource>();
    }
}
