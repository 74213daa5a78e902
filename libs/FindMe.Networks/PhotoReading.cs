using System.Net;
using FindMe.Pipeline;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace FindMe.Networks;

/// <summary>Reads photos from albums, uploads or the web, as their locators say.</summary>
/// <param name="albums">The operator's albums.</param>
/// <param name="uploads">People's uploads.</param>
/// <param name="http">Fetches photos from the web.</param>
/// <param name="options">The size limit.</param>
public sealed class PhotoReading(Albums albums, UploadFolders uploads, OutsideHttp http, IOptions<AlbumOptions> options)
{
    // Preferred formats, for hosts that offer a choice.
    private static readonly Medium Picture = new("photo", "image/jpeg,image/png,image/webp,image/avif;q=0.9,image/*;q=0.5");
    private static readonly Medium Video = new("video", "video/mp4,video/*;q=0.5");

    /// <summary>Reads a photo.</summary>
    /// <param name="locator">Where it is.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The file's bytes. Only a decoder can tell whether they are a picture.</returns>
    /// <exception cref="PhotoUnavailableException">The photo cannot be read, and a retry will not help.</exception>
    /// <exception cref="PhotoUnreachableException">The photo cannot be read now; a retry may help.</exception>
    public Task<byte[]> ReadAsync(PhotoLocator locator, CancellationToken cancellationToken) => locator switch
    {
        { Album: { } album, Path: { } path } => albums.ReadAsync(album, path, cancellationToken),
        { Upload: { } upload, Path: { } path } => uploads.ReadAsync(upload, path, cancellationToken),
        { Url: { } url } => FetchAsync(url, Picture, cancellationToken),
        _ => throw new PhotoUnavailableException("The photo's location is unknown."),
    };

    /// <summary>Reads the larger version of a photo.</summary>
    /// <param name="locator">Where it is.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The file's bytes; null when there is no larger version, or it cannot be read now and the smaller one must do.</returns>
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

    /// <summary>Reads the video that a photo previews.</summary>
    /// <param name="locator">Where it is; its <see cref="PhotoLocator.VideoUrl"/> must be set.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The file's bytes, within the size limit of a photo.</returns>
    /// <exception cref="PhotoUnavailableException">The video cannot be read, and a retry will not help.</exception>
    /// <exception cref="PhotoUnreachableException">The video cannot be read now; a retry may help.</exception>
    public Task<byte[]> ReadVideoAsync(PhotoLocator locator, CancellationToken cancellationToken) =>
        FetchAsync(locator.VideoUrl ?? throw new ArgumentException("The photo is not the preview of a video.", nameof(locator)), Video, cancellationToken);

    private async Task<byte[]> FetchAsync(string url, Medium medium, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var address))
        {
            throw new PhotoUnavailableException($"The post gives no valid address for the {medium.Name}.");
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
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => throw new PhotoUnavailableException($"The {medium.Name} is not visible to FindMe."),
            HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError =>
                throw new PhotoUnreachableException($"The {medium.Name}'s server answered with status {(int)answer.Status}.", null),
            _ => throw new PhotoUnavailableException($"The {medium.Name}'s server answered with status {(int)answer.Status}."),
        };
    }

    // Accept is only a request: the type is detected from the bytes.
    private sealed record Medium(string Name, string Accept);
}

/// <summary>A photo cannot be read now; a retry may help.</summary>
/// <param name="reason">Why, one sentence for the person.</param>
/// <param name="innerException">The cause; null if none.</param>
public sealed class PhotoUnreachableException(string reason, Exception? innerException) : Exception(reason, innerException)
{
    /// <summary>Whether the server timed out: retry later rather than at once.</summary>
    public bool IsSlow => InnerException is FetchException { Problem: FetchProblem.TimedOut };
}

/// <summary>Registers photo reading.</summary>
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
