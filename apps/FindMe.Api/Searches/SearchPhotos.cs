using FindMe.Faces;
using FindMe.Networks;
using FindMe.Pipeline;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Caching.Memory;

namespace FindMe.Api;

/// <summary>The photos that a search found its owner on, or a face not far from theirs, as upright JPEG. No other photo of a source is shown.</summary>
internal static class SearchPhotos
{
    private const int MaxSide = 2048;

    // As long as the owner's browser may keep it.
    private static readonly TimeSpan KeptInMemory = TimeSpan.FromMinutes(10);

    /// <summary>Rendered photos of the web, so that a page that shows them twice does not fetch them twice: in memory, for minutes, 64 MB in all.</summary>
    /// <remarks>Ownership is checked before the cache is read, even after the search was deleted.</remarks>
    public static void AddSearchPhotos(this IServiceCollection services)
    {
        services.AddSingleton<IMemoryCache>(_ => new MemoryCache(new MemoryCacheOptions { SizeLimit = 64 << 20 }));
        services.AddSingleton<VideoPictures>();
    }

    public static void MapSearchPhotos(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/api/searches/{id}/photos/{listing:int}-{index:int}", ShowAsync).RequireCaller(otherwise: Problems.NotFound)
            .Produces(200, contentType: "image/jpeg")
            .WithSummary("A photo of a match; width: the longest side at most, in pixels.");

    private static async Task<Results<FileContentHttpResult, ProblemHttpResult>> ShowAsync(
        string id, int listing, int index, int? width, CurrentUser user, SearchReader reader, PhotoReading photos, VideoPictures frames, IMemoryCache cache, FaceReader faces, HttpResponse response, CancellationToken cancellationToken)
    {
        if (await reader.TryReadPhotoAsync(id, user.Id, listing, index, cancellationToken) is not var (_, photo))
        {
            return Problems.NotFound;
        }

        try
        {
            var side = Math.Clamp(width ?? MaxSide, 16, MaxSide);
            var jpeg = await RenderAsync((id, listing, index, side), photo, photos, frames, cache, faces, cancellationToken);
            // The owner's browser may keep it for a while, nobody else: it must not outlive "delete everything" for long.
            response.Headers.CacheControl = "private, max-age=600";
            return TypedResults.File(jpeg, "image/jpeg");
        }
        catch (Exception exception) when (exception is PhotoUnavailableException or PhotoException)
        {
            return Problems.Of(410, "photo-gone", exception.Message, "It was there when the match was found. Ask the person who posted it or keeps the album.");
        }
        catch (PhotoUnreachableException exception)
        {
            return Problems.Of(503, "photo-unreachable", exception.Message, "Try again in a moment.");
        }
    }

    private static async Task<byte[]> RenderAsync(
        (string Search, int Listing, int Index, int Side) key, BatchPhoto photo, PhotoReading photos, VideoPictures frames, IMemoryCache cache, FaceReader faces, CancellationToken cancellationToken)
    {
        if (cache.TryGetValue<byte[]>(key, out var kept))
        {
            return kept!;
        }

        var whole = photo.Verdict!.FrameAt is { } seconds
            ? await frames.ReadAsync(photo.Locator, TimeSpan.FromSeconds(seconds), cancellationToken)
            : await photos.ReadAsync(photo.Locator, cancellationToken);
        var jpeg = await faces.RenderAsync(whole, key.Side, cancellationToken);
        if (photo.Locator.Url is not null)
        {
            Keep(cache, key, jpeg);
        }

        return jpeg;
    }

    /// <summary>Keeps a picture for as long as its owner's browser may.</summary>
    internal static void Keep(IMemoryCache cache, object key, byte[] jpeg) =>
        cache.Set(key, jpeg, new MemoryCacheEntryOptions { Size = jpeg.Length, AbsoluteExpirationRelativeToNow = KeptInMemory });
}
