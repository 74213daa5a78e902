using System.Net;
using FindMe.Pipeline;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace FindMe.Networks;

/// <summary>Reads photos wherever their locators say that they are.</summary>
/// <param name="albums">The operator's albums.</param>
/// <param name="uploads">People's uploads.</param>
/// <param name="http">The way out.</param>
/// <param name="options">The largest photo.</param>
public sealed class PhotoReading(Albums albums, UploadFolders uploads, OutsideHttp http, IOptions<AlbumOptions> options)
{
    // Where the host has a choice.
    private static readonly Medium Picture = new("photo", "image/jpeg,image/png,image/webp,image/avif;q=0.9,image/*;q=0.5");
    private static readonly Medium Video = new("video", "video/mp4,video/*;q=0.5");

    /// <summary>Reads a photo.</summary>
    /// <param name="locator">Where it is.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The file's bytes. Whether they are a picture, only a decoder can say.</returns>
    /// <exception cref="PhotoUnavailableException">It cannot be had; trying again will not help.</exception>
    /// <exception cref="PhotoUnreachableException">It cannot be had now; trying again may help.</exception>
    public Task<byte[]> ReadAsync(PhotoLocator locator, CancellationToken cancellationToken) => locator switch
    {
        { Album: { } album, Path: { } path } => albums.ReadAsync(album, path, cancellationToken),
        { Upload: { } upload, Path: { } path } => uploads.ReadAsync(upload, path, cancellationToken),
        { Url: { } url } => FetchAsync(url, Picture, cancellationToken),
        _ => throw new PhotoUnavailableException("FindMe does not know where the photo is."),
    };

    /// <summary>Reads the larger version of a photo.</summary>
    /// <param name="locator">Where it is.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The file's bytes; null where there is no larger version, or none can be had now: the one that serves has to do.</returns>
    public async Task<byte[]?> TryReadOriginalAsync(PhotoLocator locator, CancellationToken cancellationToken)
    {
        try
        {
            return locator.OriginalUrl is { } url ? await FetchAsync(url, Picture, cancellationToken) : null;
        }
        catch (Exception exception) when (exception is PhotoUnavailableException or PhotoUnreachableException)
        {
            return null;
        }
    }

    /// <summary>Reads the video that a photo is the preview of.</summary>
    /// <param name="locator">Where it is: with <see cref="PhotoLocator.VideoUrl"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The file's bytes, as many as a photo may have.</returns>
    /// <exception cref="PhotoUnavailableException">It cannot be had; trying again will not help.</exception>
    /// <exception cref="PhotoUnreachableException">It cannot be had now; trying again may help.</exception>
    public Task<byte[]> ReadVideoAsync(PhotoLocator locator, CancellationToken cancellationToken) =>
        FetchAsync(locator.VideoUrl ?? throw new ArgumentException("The photo is no video's preview.", nameof(locator)), Video, cancellationToken);

    private async Task<byte[]> FetchAsync(string url, Medium medium, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var address))
        {
            throw new PhotoUnavailableException($"The post names no address where the {medium.Name} could be.");
        }

        FetchedAnswer answer;
        try
        {
            answer = await http.SendAsync(new FetchRequest(address) { Accept = medium.Accept, MaxBytes = options.Value.MaxPhotoBytes }, cancellationToken);
        }
        catch (FetchException exception) when (exception.IsTransient)
        {
            throw new PhotoUnreachableException(exception.Message, exception);
        }
        catch (FetchException exception)
        {
            throw new PhotoUnavailableException(exception.Message);
        }

        return answer.Status switch
        {
            _ when answer.IsSuccess => answer.Body,
            HttpStatusCode.NotFound or HttpStatusCode.Gone => throw new PhotoUnavailableException($"The {medium.Name} was deleted from where it was posted."),
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => throw new PhotoUnavailableException($"The {medium.Name} may only be seen by others than FindMe."),
            HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError =>
                throw new PhotoUnreachableException($"The {medium.Name}'s server answers {(int)answer.Status}.", null),
            _ => throw new PhotoUnavailableException($"The {medium.Name}'s server answers {(int)answer.Status}."),
        };
    }

    // What comes is judged by its bytes.
    private sealed record Medium(string Name, string Accept);
}

/// <summary>A photo cannot be had now; trying again may help.</summary>
/// <param name="reason">Why, one sentence for a person.</param>
/// <param name="innerException">The cause; null: none.</param>
public sealed class PhotoUnreachableException(string reason, Exception? innerException) : Exception(reason, innerException)
{
    /// <summary>Whoever has it let FindMe wait for as long as FindMe waits: to be asked again later, not at once.</summary>
    public bool IsSlow => InnerException is FetchException { Problem: FetchProblem.TimedOut };
}

/// <summary>Registers what reads photos.</summary>
public static class PhotoReadingServices
{
    /// <summary>Registers <see cref="Albums"/>, <see cref="UploadFolders"/>, <see cref="PhotoReading"/> and their options, which are checked at start.</summary>
    /// <param name="services">The app's services.</param>
    public static void AddPhotoReading(this IServiceCollection services)
    {
        services.AddAlbums();
        services.AddUploadFolders();
        services.AddOutsideHttp();
        services.AddSingleton<PhotoReading>();
    }
}
