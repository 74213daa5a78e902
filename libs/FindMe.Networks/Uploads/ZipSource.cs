using System.Text.RegularExpressions;
using Dapr.Client;
using FindMe.Pipeline;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace FindMe.Networks;

/// <summary>Lists the photos of a ZIP file that the person uploaded, in the file's order.</summary>
internal sealed partial class ZipSource(DaprClient dapr, UploadFolders folders, IOptions<UploadOptions> options) : IPhotoSource
{
    public string Name => SourceNames.Zip;

    public string Title => "Your own photos";

    public async Task<SourceOffer> OfferAsync(Person? person, CancellationToken cancellationToken)
    {
        var found = await dapr.GetBulkStateAsync(StateKeys.Store, [.. (person?.Uploads ?? []).Select(StateKeys.Upload)], cancellationToken);
        return new SourceOffer("ZIP file", "", folders.Exist ? null : SourceObstacle.Operator("The operator has not enabled uploads."))
        {
            Choices =
            [
                .. found.Values.Select(entry => entry.Value.Read<Upload>())
                    .OrderBy(upload => upload.CreatedAt)
                    .Select(upload => new SourceChoice(upload.Id, $"{(upload.Name is null ? "" : $"{upload.Name}: ")}{upload.Photos.Count} photos, uploaded {upload.CreatedAt:yyyy-MM-dd HH:mm} UTC")),
            ],
            MaxBytes = options.Value.MaxBytes,
        };
    }

    public async Task<SearchProblem?> CheckAsync(SourceQuery query, CancellationToken cancellationToken) =>
        UploadId().IsMatch(query.Text)
        && await dapr.GetStateAsync<Upload>(StateKeys.Store, StateKeys.Upload(query.Text), cancellationToken) is { } upload
        && upload.Person == query.PersonId
            ? null
            : new SearchProblem("unknown-upload", "There is no such upload.", "Send a ZIP file to POST /api/uploads; uploads are deleted after a while.");

    public async Task<string?> NameAsync(SourceQuery query, CancellationToken cancellationToken) =>
        (await dapr.GetStateAsync<Upload>(StateKeys.Store, StateKeys.Upload(query.Text), cancellationToken))?.Name;

    public async Task<SourcePage> ListAsync(Search search, CancellationToken cancellationToken)
    {
        var upload = await dapr.GetStateAsync<Upload>(StateKeys.Store, StateKeys.Upload(search.Query), cancellationToken);
        if (upload is null || upload.Person != search.Person)
        {
            throw new SourceException(new SearchProblem("upload-gone", "The upload was deleted.", "Upload the ZIP file again and search it."));
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

    [GeneratedRegex("^[0-9a-f]{32}$")]
    private static partial Regex UploadId();
}

internal static class ZipSourceServices
{
    public static void AddZipSource(this IServiceCollection services)
    {
        services.AddUploadFolders();
        services.AddSingleton<IPhotoSource, ZipSource>();
    }
}
