using Dapr.Client;
using FindMe.Pipeline;

namespace FindMe.Networks;

/// <summary>The photos of a ZIP file that the person sent, in its order.</summary>
internal sealed class ZipSource(DaprClient dapr) : IPhotoSource
{
    public string Name => SourceNames.Zip;

    public async Task<SourcePage> ListAsync(Search search, CancellationToken cancellationToken)
    {
        var upload = await dapr.GetStateAsync<Upload>(StateKeys.Store, StateKeys.Upload(search.Query), cancellationToken);
        if (upload is null || upload.Person != search.Person)
        {
            throw new SourceException(new SearchProblem("upload-gone", "The upload is deleted already.", "Send the ZIP file again and search it."));
        }

        var from = search.Next is { } next ? int.Parse(next) : 0;
        var photos = upload.Photos
            .Select((name, number) => new SourcePhoto($"{number} {name}", new Post(name, Network: Name), PhotoLocator.InUpload(upload.Id, number)))
            .Skip(from)
            .Take(SearchPage.MaxPhotos)
            .ToList();
        var end = from + photos.Count;
        return new SourcePage(photos, photos.Count, end < upload.Photos.Count ? $"{end}" : null);
    }
}
