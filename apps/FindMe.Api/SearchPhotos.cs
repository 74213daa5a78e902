using FindMe.Faces;
using FindMe.Pipeline;
using FindMe.Pipeline.Dapr;
using Microsoft.AspNetCore.Http.HttpResults;
using VerdictKind = FindMe.Pipeline.VerdictKind;

namespace FindMe.Api;

/// <summary>The photos that a search found its owner on, as upright JPEG. No other photo of a source is shown.</summary>
internal static class SearchPhotos
{
    private const int MaxSide = 2048;

    public static void MapSearchPhotos(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/api/searches/{id}/photos/{listing:int}-{index:int}", ShowAsync).RequireCaller(otherwise: Problems.NotFound)
            .Produces(200, contentType: "image/jpeg")
            .WithSummary("A photo of a match; width: the longest side at most, in pixels.");

    private static async Task<Results<FileContentHttpResult, ProblemHttpResult>> ShowAsync(
        string id, int listing, int index, int? width, Caller caller, DaprClient dapr, Albums albums, FaceReader faces, HttpResponse response, CancellationToken cancellationToken)
    {
        var search = await dapr.GetStateAsync<Search>(StateKeys.Store, StateKeys.Search(id), cancellationToken);
        if (search is null
            || search.Person != caller.Id
            || search.Pages.FirstOrDefault(page => page.Listing == listing) is not { } page
            || index < 0
            || index >= page.Photos)
        {
            return Problems.NotFound;
        }

        var key = StateKeys.Shard(id, listing, PageLayout.ShardOf(index, page.Photos));
        var shard = await dapr.GetStateAsync<PhotoShard>(StateKeys.Store, key, cancellationToken);
        if (shard?.Photos.FirstOrDefault(photo => photo.Index == index) is not { Verdict.Kind: VerdictKind.Match or VerdictKind.Maybe } photo)
        {
            return Problems.NotFound;
        }

        if (photo.Locator is not { Album: { } album, Path: { } path })
        {
            return Problems.NotFound;
        }

        try
        {
            var bytes = await albums.ReadAsync(album, path, cancellationToken);
            var jpeg = await faces.RenderAsync(bytes, Math.Clamp(width ?? MaxSide, 16, MaxSide), cancellationToken);
            // The owner's browser may keep it for a while, nobody else: it must not outlive "delete everything" for long.
            response.Headers.CacheControl = "private, max-age=600";
            return TypedResults.File(jpeg, "image/jpeg");
        }
        catch (Exception exception) when (exception is PhotoUnavailableException or PhotoException)
        {
            return Problems.Of(410, "photo-gone", exception.Message, "The match was found when the photo was there; ask whoever keeps the album.");
        }
    }
}
