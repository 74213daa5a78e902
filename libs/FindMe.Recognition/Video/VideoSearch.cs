using System.Diagnostics;
using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>A time in which a person is to be seen.</summary>
/// <param name="From">The first frame that shows them.</param>
/// <param name="To">The first frame after it that does not, or the video's end.</param>
/// <param name="Frames">How many frames that were looked at show them.</param>
/// <param name="Confidence">The surest verdict's, 0 to 1.</param>
/// <param name="Distance">Its distance.</param>
/// <param name="Best">Where and when that is.</param>
public sealed record VideoRange(TimeSpan From, TimeSpan To, int Frames, float Confidence, float Distance, VideoSight Best);

/// <summary>A frame that shows the person.</summary>
/// <param name="Time">Since the video's beginning.</param>
/// <param name="Face">The face's box, in pixels of the frame.</param>
/// <param name="Width">Pixels across, of the frame as the engine saw it.</param>
/// <param name="Height">Pixels down.</param>
/// <param name="Picture">The frame, small, with a frame round the face; null unless pictures were asked for.</param>
public sealed record VideoSight(TimeSpan Time, Box Face, int Width, int Height, PhotoPixels? Picture);

/// <summary>How a video is searched.</summary>
public sealed record VideoSearchOptions
{
    /// <summary>Time between two frames that are looked at, 10 ms to an hour. Default 500 ms.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Frames that are looked at, 1 or more. Default all.</summary>
    public int MaxFrames { get; init; } = int.MaxValue;

    /// <summary>Time that the search may take; then what was seen until then is what was found. Default any.</summary>
    public TimeSpan MaxTime { get; init; } = TimeSpan.MaxValue;

    /// <summary>Whether the best frames keep a picture each. Default no.</summary>
    public bool Pictures { get; init; }

    /// <summary>Told the time of each frame. Default nobody.</summary>
    public Action<TimeSpan>? Progress { get; init; }
}

/// <summary>Where a person is to be seen in a video.</summary>
/// <param name="Ranges">The times, in order; empty where they are not.</param>
/// <param name="Frames">Frames that were looked at.</param>
/// <param name="Analyzed">How many of them showed something new and were analysed.</param>
/// <param name="Length">From the beginning to the end, or to the last frame where the end is not known.</param>
/// <param name="Searched">How much of it was looked at, from the beginning.</param>
public sealed record VideoAppearances(IReadOnlyList<VideoRange> Ranges, int Frames, int Analyzed, TimeSpan Length, TimeSpan Searched)
{
    /// <summary>The range with the surest verdict; null where there is none.</summary>
    public VideoRange? Best => Ranges.MinBy(range => range.Distance);
}

/// <summary>A video and a person's references → the times in which the person is to be seen.</summary>
public static class VideoSearch
{
    // A person who turns round or blinks is not gone: what is missing for no longer than this belongs to the range.
    private static readonly TimeSpan MaxGap = TimeSpan.FromSeconds(1);

    // Longest side of the pictures that are kept.
    private const int PictureSide = 320;

    /// <summary>Searches.</summary>
    /// <param name="engine">The engine; each frame enters it (<see cref="FaceEngine.EnterAsync"/>), in turn with photos.</param>
    /// <param name="video">The video.</param>
    /// <param name="references">The person's embeddings, of this engine's recipe.</param>
    /// <param name="options">How; null: as by default.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="VideoException">The video cannot be decoded.</exception>
    public static async Task<VideoAppearances> FindAsync(
        FaceEngine engine, VideoFrames video, IReadOnlyList<FaceEmbedding> references, VideoSearchOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(video);
        options ??= new VideoSearchOptions();
        var (every, started) = (options.Every, Stopwatch.GetTimestamp());
        var scene = new SceneChange();
        var (samples, frames, analyzed) = (new Queue<(TimeSpan Time, Task<Sight?> Sight)>(), 0, 0);
        var (last, lastTime) = ((Task<Sight?>?)null, TimeSpan.Zero);
        var ranges = new List<VideoRange>();
        var cutShort = false;
        try
        {
            await foreach (var frame in video.ReadAsync(every, cancellationToken))
            {
                if (scene.IsNew(frame.Pixels) || last is null)
                {
                    var place = await engine.EnterAsync(cancellationToken);
                    analyzed++;
                    last = LookAsync(frame, place);
                }

                samples.Enqueue((frame.Time, last));
                frames++;
                lastTime = frame.Time;

                // What is known goes into the ranges at once: of a film of hours only their best pictures are kept.
                while (samples.TryPeek(out var first) && first.Sight.IsCompleted)
                {
                    Add(await samples.Dequeue().Sight, first.Time);
                }

                options.Progress?.Invoke(frame.Time);
                cutShort = frames == options.MaxFrames || Stopwatch.GetElapsedTime(started) > options.MaxTime;
                if (cutShort)
                {
                    break;
                }
            }

            while (samples.TryPeek(out var first))
            {
                Add(await first.Sight, first.Time);
                samples.Dequeue();
            }
        }
        finally
        {
            // The engine may be gone after this: nobody may still work with it.
            await Task.WhenAll(samples.Select(sample => (Task)sample.Sight)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        // A container may say less than it holds.
        var searched = lastTime + every;
        if (video.Duration is { } duration && duration < searched)
        {
            searched = duration > lastTime ? duration : lastTime;
        }

        var length = cutShort && video.Duration > searched ? video.Duration.Value : searched;
        var found = ranges.ConvertAll(range => range.To > searched ? range with { To = searched } : range);
        return new VideoAppearances(found, frames, analyzed, length, searched);

        void Add(Sight? sight, TimeSpan time)
        {
            if (sight is null)
            {
                return;
            }

            var seen = new VideoRange(time, time + every, 1, sight.Verdict.Confidence!.Value, sight.Verdict.Distance!.Value, sight.Frame);
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

        async Task<Sight?> LookAsync(VideoFrame frame, IDisposable place)
        {
            using (place)
            {
                return await Task.Run(
                    () =>
                    {
                        var verdict = engine.Compare(engine.Analyze(frame.Pixels, cancellationToken), references);
                        return verdict is { Kind: MatchKind.Match, Box: { } face }
                            ? new Sight(
                                verdict,
                                new VideoSight(
                                    frame.Time,
                                    face,
                                    frame.Pixels.Width,
                                    frame.Pixels.Height,
                                    options.Pictures ? ContactSheet.Picture(frame.Pixels, face, PictureSide) : null))
                            : null;
                    },
                    cancellationToken);
            }
        }
    }

    /// <summary>What a frame showed of the person.</summary>
    private sealed record Sight(PhotoVerdict Verdict, VideoSight Frame);
}
