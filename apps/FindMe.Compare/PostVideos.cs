using System.Diagnostics;
using FindMe.Faces;
using FindMe.Networks;
using FindMe.Pipeline;
using FindMe.Recognition;
using Microsoft.Extensions.Options;

namespace FindMe.Compare;

/// <summary>A video that was searched, or not.</summary>
/// <param name="Found">The times that show the person; null where it could not be searched.</param>
/// <param name="Unsafe">What the classifier takes the best frame for, if that is nothing to be shown unasked.</param>
/// <param name="Problem">Why it could not be searched, one sentence for a person.</param>
internal sealed record SearchedVideo(VideoAppearances? Found, string? Unsafe, string? Problem);

/// <summary>There was too little time for a video. Its photo is set aside and compared once more, later, so that a busy machine finds the same.</summary>
internal sealed class VideoTimeoutException : Exception;

/// <summary>The video of a post → the times that show the person.</summary>
/// <remarks>ffmpeg decodes it in a process of its own. As many at once as cores: each lies in memory, and then in a file that only this app may read.</remarks>
internal sealed partial class PostVideos(Lazy<FaceEngine> engine, UnsafePictures pictures, PhotoReading photos, IOptions<CompareOptions> options, ILogger<PostVideos> logger) : IDisposable
{
    // More than one frame a second shows hardly more people, and costs as much again.
    private static readonly TimeSpan LeastStep = TimeSpan.FromSeconds(1);

    // For what is under way when the time is up: the last frames, and what they show.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _gate = new(Environment.ProcessorCount);
    private readonly Lazy<bool> _arePossible = new(() => ArePossible(logger));

    /// <summary>Searches the video that a photo is the preview of.</summary>
    /// <param name="image">The photo.</param>
    /// <param name="wanted">The person's references.</param>
    /// <param name="part">Ends while there is time to write down what is known without the video.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="VideoTimeoutException">There was too little time for it, and there will be another try.</exception>
    /// <exception cref="PhotoUnreachableException">It cannot be had now, and will be asked for again.</exception>
    public async Task<SearchedVideo> SearchAsync(
        TweetImage image, IReadOnlyList<FaceEmbedding> wanted, CancellationToken part, CancellationToken cancellationToken)
    {
        if (!_arePossible.Value)
        {
            return new SearchedVideo(null, null, "This FindMe has no ffmpeg to decode videos with.");
        }

        try
        {
            await _gate.WaitAsync(part);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return image.LastTry ? new SearchedVideo(null, null, "There was no time for its video.") : throw new VideoTimeoutException();
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
                return new SearchedVideo(null, null, "The video breaks off.");
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

    // Told once, not of every video.
    private static bool ArePossible(ILogger logger)
    {
        if (!VideoFrames.AreSupported)
        {
            LogWithoutFfmpeg(logger);
        }

        return VideoFrames.AreSupported;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Of videos only the previews are looked at: ffmpeg and ffprobe are not on this machine's PATH.")]
    private static partial void LogWithoutFfmpeg(ILogger logger);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Search {SearchId}: of the video of photo {Listing}/{Index} {Frames} frames were looked at, {Analyzed} of them new; times that show the person: {Times}.")]
    private static partial void LogSearched(ILogger logger, string searchId, int listing, int index, int frames, int analyzed, int times);
}
