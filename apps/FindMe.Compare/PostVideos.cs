using System.Diagnostics;
using FindMe.Faces;
using FindMe.Networks;
using FindMe.Pipeline;
using FindMe.Recognition;
using Microsoft.Extensions.Options;

namespace FindMe.Compare;

/// <summary>The result of searching a video.</summary>
/// <param name="Found">When the person appears; null when the video could not be searched.</param>
/// <param name="Unsafe">The classifier's label of the best frame, if it should be hidden by default; else null.</param>
/// <param name="Problem">Why the video could not be searched, one sentence for the person; null if it was.</param>
internal sealed record SearchedVideo(VideoAppearances? Found, string? Unsafe, string? Problem);

/// <summary>The time for the video ran out. The photo is set aside and retried later, so that a busy machine finds the same.</summary>
internal sealed class VideoTimeoutException : Exception;

/// <summary>Searches the video of a post for the times when the person appears.</summary>
/// <remarks>ffmpeg decodes it in a process of its own. Searches one video per core, because each is held in memory, then in a file that only this app may read.</remarks>
internal sealed partial class PostVideos(Lazy<FaceEngine> engine, UnsafePictures pictures, PhotoReading photos, IOptions<CompareOptions> options, ILogger<PostVideos> logger) : IDisposable
{
    // More than one frame per second finds hardly more appearances, and doubles the load.
    private static readonly TimeSpan LeastStep = TimeSpan.FromSeconds(1);

    // For the last frames, which are still in progress when the video's time is up.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _gate = new(Environment.ProcessorCount);
    private readonly Lazy<bool> _hasFfmpeg = new(() => CheckFfmpeg(logger));

    /// <summary>Searches the video that a photo previews.</summary>
    /// <param name="image">The photo.</param>
    /// <param name="wanted">The person's references.</param>
    /// <param name="part">Cancelled while there is still time to store the results known without the video.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="VideoTimeoutException">The time for the video ran out: retry later.</exception>
    /// <exception cref="PhotoUnreachableException">The video cannot be read now: retry later.</exception>
    public async Task<SearchedVideo> SearchAsync(
        TweetImage image, IReadOnlyList<FaceEmbedding> wanted, CancellationToken part, CancellationToken cancellationToken)
    {
        if (!_hasFfmpeg.Value)
        {
            return new SearchedVideo(null, null, "This server has no ffmpeg to decode videos.");
        }

        try
        {
            await _gate.WaitAsync(part);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return image.LastTry ? new SearchedVideo(null, null, "The server had no time for the video.") : throw new VideoTimeoutException();
        }

        var (time, started) = (options.Value.VideoTime, Stopwatch.GetTimestamp());
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(part);
        deadline.CancelAfter(time + Grace);
        try
        {
            using var file = await TemporaryVideo.WriteAsync(await photos.ReadVideoAsync(image.Photo, deadline.Token), deadline.Token);
            var video = await VideoFrames.OpenAsync(file.Path, deadline.Token);
            var step = (video.Duration ?? TimeSpan.Zero) / options.Value.VideoFrames;
            var search = new VideoSearchOptions
            {
                Every = step > LeastStep ? step : LeastStep,
                MaxFrames = options.Value.VideoFrames,
                MaxTime = time - Stopwatch.GetElapsedTime(started),
            };
            var found = await VideoSearch.FindAsync(engine.Value, video, wanted, search, deadline.Token);
            LogSearched(logger, image.SearchId, image.Listing, image.Index, found.Frames, found.Analyzed, found.Ranges.Count);
            if (!image.LastTry && video.Damage is null && found.Searched < found.Length)
            {
                throw new VideoTimeoutException();
            }

            if (found.Best is null && video.Damage is not null)
            {
                return new SearchedVideo(null, null, "The video file is truncated.");
            }

            return new SearchedVideo(found, await FindUnsafeClassAsync(video, found, deadline.Token), null);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return image.LastTry ? new SearchedVideo(null, null, $"The video could not be searched in {time.TotalSeconds:0.#} s.") : throw new VideoTimeoutException();
        }
        catch (VideoException)
        {
            return new SearchedVideo(null, null, "The video cannot be decoded.");
        }
        catch (Exception exception) when (exception is PhotoUnavailableException || (exception is PhotoUnreachableException && image.LastTry))
        {
            return new SearchedVideo(null, null, exception.Message);
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    private async Task<string?> FindUnsafeClassAsync(VideoFrames video, VideoAppearances found, CancellationToken cancellationToken) =>
        found.Best is { } best ? pictures.FindClass((await video.ReadAtAsync(best.Best.Time, cancellationToken)).ToJpeg(), cancellationToken) : null;

    // Logs a warning once, not for every video.
    private static bool CheckFfmpeg(ILogger logger)
    {
        if (!VideoFrames.AreSupported)
        {
            LogWithoutFfmpeg(logger);
        }

        return VideoFrames.AreSupported;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Only the previews of videos are compared: ffmpeg and ffprobe are not on the PATH.")]
    private static partial void LogWithoutFfmpeg(ILogger logger);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Search {SearchId}: searched the video of photo {Listing}/{Index}: {Frames} frames read, {Analyzed} of them analyzed; the person appears {Times} times.")]
    private static partial void LogSearched(ILogger logger, string searchId, int listing, int index, int frames, int analyzed, int times);
}
