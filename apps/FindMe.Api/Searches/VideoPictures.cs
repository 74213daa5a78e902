using FindMe.Networks;
using FindMe.Pipeline;
using FindMe.Recognition;
using Microsoft.Extensions.Caching.Memory;

namespace FindMe.Api;

/// <summary>The frames of posts' videos in which a search found its owner. No frame is stored: the video is fetched again, as photos are.</summary>
internal sealed class VideoPictures(PhotoReading photos, IMemoryCache cache) : IDisposable
{
    // A file that keeps ffmpeg busy for longer is none to wait for: others stand in line.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    // Videos in memory are large, and a page requests several sizes of a frame at once: the second request finds it.
    private readonly SemaphoreSlim _gate = new(1);

    /// <summary>Reads a frame.</summary>
    /// <param name="locator">Where the video is.</param>
    /// <param name="time">When the frame is shown.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A JPEG file.</returns>
    /// <exception cref="PhotoUnavailableException">The video is no longer available, or cannot be decoded.</exception>
    /// <exception cref="PhotoUnreachableException">It is temporarily unavailable.</exception>
    public async Task<byte[]> ReadAsync(PhotoLocator locator, TimeSpan time, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Timeout);
        try
        {
            if (cache.TryGetValue<byte[]>((locator.VideoUrl, time), out var kept))
            {
                return kept!;
            }

            using var file = await TemporaryVideo.WriteAsync(await photos.ReadVideoAsync(locator, deadline.Token), deadline.Token);
            var video = await VideoFrames.OpenAsync(file.Path, deadline.Token);
            var frame = (await video.ReadAtAsync(time, deadline.Token)).ToJpeg(quality: 90);
            SearchPhotos.Keep(cache, (locator.VideoUrl, time), frame);
            return frame;
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new PhotoUnreachableException($"The video could not be read in {Timeout.TotalSeconds:0} s.", exception);
        }
        catch (VideoException) when (!VideoFrames.AreSupported)
        {
            throw new PhotoUnavailableException("This FindMe has no ffmpeg to show videos with.");
        }
        catch (VideoException)
        {
            throw new PhotoUnavailableException("The video cannot be decoded any more.");
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();
}
