using System.Diagnostics;
using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>A time range of a video in which the person appears.</summary>
/// <param name="From">Time of the first frame that shows the person.</param>
/// <param name="To">Time of the next frame that does not, or the end of the video.</param>
/// <param name="Frames">Number of sampled frames that show the person.</param>
/// <param name="Confidence">Confidence of the best frame, 0 to 1.</param>
/// <param name="Distance">Distance of the best frame's face from the person.</param>
/// <param name="Best">The frame with the smallest distance.</param>
public sealed record VideoRange(TimeSpan From, TimeSpan To, int Frames, float Confidence, float Distance, VideoSighting Best);

/// <summary>A frame that shows the person.</summary>
/// <param name="Time">Time since the beginning of the video.</param>
/// <param name="Face">The face's box, in pixels of the frame.</param>
/// <param name="Width">Width of the decoded frame in pixels.</param>
/// <param name="Height">Height of the decoded frame in pixels.</param>
/// <param name="Picture">Thumbnail of the frame with a rectangle around the face; null unless <see cref="VideoSearchOptions.Pictures"/> is set.</param>
public sealed record VideoSighting(TimeSpan Time, Box Face, int Width, int Height, PhotoPixels? Picture);

/// <summary>Options for searching a video.</summary>
public sealed record VideoSearchOptions
{
    /// <summary>Time between two sampled frames, 10 ms to 1 hour. Default 500 ms.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Maximum number of sampled frames, 1 or more. Default unlimited.</summary>
    public int MaxFrames { get; init; } = int.MaxValue;

    /// <summary>Maximum duration of the search; when it has passed, the search returns what it has found so far. Default unlimited.</summary>
    public TimeSpan MaxTime { get; init; } = TimeSpan.MaxValue;

    /// <summary>Whether to return a thumbnail of the best frame of each range. Default false.</summary>
    public bool Pictures { get; init; }

    /// <summary>Called with the time of each sampled frame. Default null.</summary>
    public Action<TimeSpan>? Progress { get; init; }
}

/// <summary>The result of searching a video for a person.</summary>
/// <param name="Ranges">The ranges in which the person appears, in order; may be empty.</param>
/// <param name="Frames">Number of sampled frames.</param>
/// <param name="Analyzed">Number of sampled frames that differed from the previous one and were analysed.</param>
/// <param name="Length">Length of the video; up to the last frame if its end is unknown.</param>
/// <param name="Searched">Length of the searched part, from the beginning.</param>
public sealed record VideoAppearances(IReadOnlyList<VideoRange> Ranges, int Frames, int Analyzed, TimeSpan Length, TimeSpan Searched)
{
    /// <summary>The range with the smallest distance; null if there are no ranges.</summary>
    public VideoRange? Best => Ranges.MinBy(range => range.Distance);
}

/// <summary>Finds the time ranges of a video in which a person appears.</summary>
public static class VideoSearch
{
    // Bridges shorter gaps, such as when the person turns round or blinks.
    private static readonly TimeSpan MaxGap = TimeSpan.FromSeconds(1);

    // Longest side of thumbnails, in pixels.
    private const int ThumbnailSide = 320;

    /// <summary>Searches a video.</summary>
    /// <param name="engine">The engine. Each frame enters its gate (<see cref="FaceEngine.EnterAsync"/>), so that photos get their turn.</param>
    /// <param name="video">The video.</param>
    /// <param name="references">The person's embeddings, made with the engine's recipe.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="cancellationToken">Stops the search.</param>
    /// <exception cref="VideoException">The video cannot be decoded.</exception>
    public static async Task<VideoAppearances> FindAsync(
        FaceEngine engine, VideoFrames video, IReadOnlyList<FaceEmbedding> references, VideoSearchOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(video);
        options ??= new VideoSearchOptions();
        var (every, started) = (options.Every, Stopwatch.GetTimestamp());
        var scene = new SceneChange();
        var (samples, frames, analyzed) = (new Queue<(TimeSpan Time, Task<Sighting?> Sighting)>(), 0, 0);
        var (last, lastTime) = ((Task<Sighting?>?)null, TimeSpan.Zero);
        var ranges = new List<VideoRange>();
        var stoppedEarly = false;
        try
        {
            await foreach (var frame in video.ReadAsync(every, cancellationToken))
            {
                if (scene.IsNew(frame.Pixels) || last is null)
                {
                    var lease = await engine.EnterAsync(cancellationToken);
                    analyzed++;
                    last = AnalyzeAsync(frame, lease);
                }

                samples.Enqueue((frame.Time, last));
                frames++;
                lastTime = frame.Time;

                // Merge finished samples into the ranges at once, so that a long video keeps only the best thumbnail of each range in memory.
                while (samples.TryPeek(out var first) && first.Sighting.IsCompleted)
                {
                    Add(await samples.Dequeue().Sighting, first.Time);
                }

                options.Progress?.Invoke(frame.Time);
                stoppedEarly = frames == options.MaxFrames || Stopwatch.GetElapsedTime(started) > options.MaxTime;
                if (stoppedEarly)
                {
                    break;
                }
            }

            while (samples.TryPeek(out var first))
            {
                Add(await first.Sighting, first.Time);
                samples.Dequeue();
            }
        }
        finally
        {
            // The caller may dispose the engine after this method: wait for all analyses still running.
            await Task.WhenAll(samples.Select(sample => (Task)sample.Sighting)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        // A container can specify a shorter duration than its content has.
        var searched = lastTime + every;
        if (video.Duration is { } duration && duration < searched)
        {
            searched = duration > lastTime ? duration : lastTime;
        }

        var length = stoppedEarly && video.Duration > searched ? video.Duration.Value : searched;
        var found = ranges.ConvertAll(range => range.To > searched ? range with { To = searched } : range);
        return new VideoAppearances(found, frames, analyzed, length, searched);

        void Add(Sighting? sighting, TimeSpan time)
        {
            if (sighting is null)
            {
                return;
            }

            var seen = new VideoRange(time, time + every, 1, sighting.Verdict.Confidence!.Value, sighting.Verdict.Distance!.Value, sighting.Frame);
            if (ranges.Count > 0 && time - ranges[^1].To < MaxGap)
            {
                var range = ranges[^1];
                var best = seen.Distance < range.Distance ? seen : range;
                ranges[^1] = best with { From = range.From, To = seen.To, Frames = range.Frames + 1 };
            }
            else
            {
                ranges.Add(seen);
            }
        }

        async Task<Sighting?> AnalyzeAsync(VideoFrame frame, IDisposable lease)
        {
            using (lease)
            {
                return await Task.Run(
                    () =>
                    {
                        var verdict = engine.Compare(engine.Analyze(frame.Pixels, cancellationToken), references);
                        return verdict is { Kind: MatchKind.Match, Box: { } face }
                            ? new Sighting(
                                verdict,
                                new VideoSighting(
                                    frame.Time,
                                    face,
                                    frame.Pixels.Width,
                                    frame.Pixels.Height,
                                    options.Pictures ? ContactSheet.Thumbnail(frame.Pixels, face, ThumbnailSide) : null))
                            : null;
                    },
                    cancellationToken);
            }
        }
    }

    /// <summary>The match in a frame, and the frame.</summary>
    private sealed record Sighting(PhotoVerdict Verdict, VideoSighting Frame);
}
