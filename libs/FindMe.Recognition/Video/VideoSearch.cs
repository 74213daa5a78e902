using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>A time in which a person is to be seen.</summary>
/// <param name="From">The first frame that shows them.</param>
/// <param name="To">The first frame after it that does not, or the video's end.</param>
/// <param name="Frames">How many frames that were looked at show them.</param>
/// <param name="Confidence">The surest verdict's, 0 to 1.</param>
/// <param name="Distance">Its distance.</param>
/// <param name="Best">Its frame, small, with a frame round the face; null unless pictures were asked for.</param>
/// <param name="BestTime">When that is.</param>
public sealed record VideoRange(TimeSpan From, TimeSpan To, int Frames, float Confidence, float Distance, PhotoPixels? Best, TimeSpan BestTime);

/// <summary>Where a person is to be seen in a video.</summary>
/// <param name="Ranges">The times, in order; empty where they are not.</param>
/// <param name="Frames">Frames that were looked at.</param>
/// <param name="Analyzed">How many of them showed something new and were analysed.</param>
/// <param name="Length">From the beginning to the end, or to the last frame where the end is not known.</param>
public sealed record VideoAppearances(IReadOnlyList<VideoRange> Ranges, int Frames, int Analyzed, TimeSpan Length);

/// <summary>A video and a person's references → the times in which the person is to be seen.</summary>
public static class VideoSearch
{
    // A person who turns round or blinks is not gone: what is missing for no longer than this belongs to the range.
    private static readonly TimeSpan MaxGap = TimeSpan.FromSeconds(1);

    // Longest side of the pictures that are kept.
    private const int PictureSide = 320;

    /// <summary>Searches.</summary>
    /// <param name="engine">The engine; frames are analysed on all cores.</param>
    /// <param name="video">The video.</param>
    /// <param name="references">The person's embeddings, of this engine's recipe.</param>
    /// <param name="every">Time between two frames that are looked at.</param>
    /// <param name="pictures">Whether the ranges keep a picture each.</param>
    /// <param name="progress">Told the time of each frame; null: nobody.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="VideoException">The video cannot be decoded.</exception>
    public static async Task<VideoAppearances> FindAsync(
        FaceEngine engine, VideoFrames video, IReadOnlyList<FaceEmbedding> references, TimeSpan every, bool pictures, Action<TimeSpan>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(video);
        var scene = new SceneChange();
        using var turn = new SemaphoreSlim(Environment.ProcessorCount);
        var (samples, analyzed) = (new List<(TimeSpan Time, Task<Sight> Sight)>(), 0);
        var sights = new List<(TimeSpan Time, Sight Sight)>();
        try
        {
            await foreach (var frame in video.ReadAsync(every, cancellationToken))
            {
                if (scene.IsNew(frame.Pixels))
                {
                    await turn.WaitAsync(cancellationToken);
                    analyzed++;
                    samples.Add((frame.Time, LookAsync(frame)));
                }
                else
                {
                    samples.Add((frame.Time, samples[^1].Sight));
                }

                progress?.Invoke(frame.Time);
            }

            foreach (var (time, sight) in samples)
            {
                sights.Add((time, await sight));
            }
        }
        finally
        {
            // The engine may be gone after this: nobody may still work with it.
            await Task.WhenAll(samples.Select(sample => (Task)sample.Sight)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        // A container may say less than it holds.
        var end = samples[^1].Time + every;
        var length = video.Duration is { } duration && duration < end ? TimeSpan.FromTicks(Math.Max(duration.Ticks, samples[^1].Time.Ticks)) : end;
        return new VideoAppearances(RangesOf(sights, every, length), samples.Count, analyzed, length);

        async Task<Sight> LookAsync(VideoFrame frame)
        {
            try
            {
                return await Task.Run(
                    () =>
                    {
                        var verdict = engine.Compare(engine.Analyze(frame.Pixels, cancellationToken), references);
                        return verdict.Kind == VerdictKind.Match
                            ? new Sight(frame.Time, verdict, pictures ? ContactSheet.Picture(frame.Pixels, verdict.Box!.Value, PictureSide) : null)
                            : new Sight(frame.Time, null, null);
                    },
                    cancellationToken);
            }
            finally
            {
                turn.Release();
            }
        }
    }

    private static List<VideoRange> RangesOf(List<(TimeSpan Time, Sight Sight)> sights, TimeSpan every, TimeSpan length)
    {
        var ranges = new List<VideoRange>();
        foreach (var (time, sight) in sights)
        {
            if (sight.Verdict is not { } verdict)
            {
                continue;
            }

            var to = time + every < length ? time + every : length;
            var seen = new VideoRange(time, to, 1, verdict.Confidence!.Value, verdict.Distance!.Value, sight.Picture, sight.Time);
            if (ranges.Count > 0 && time - ranges[^1].To < MaxGap)
            {
                var range = ranges[^1];
                var best = seen.Distance < range.Distance ? seen : range;
                ranges[^1] = best with { From = range.From, To = to, Frames = range.Frames + 1 };
            }
            else
            {
                ranges.Add(seen);
            }
        }

        return ranges;
    }

    /// <summary>What a frame showed of the person; nothing where the verdict is null.</summary>
    private sealed record Sight(TimeSpan Time, PhotoVerdict? Verdict, PhotoPixels? Picture);
}
