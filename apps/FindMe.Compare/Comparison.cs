using FindMe.Faces;
using FindMe.Networks;
using FindMe.Pipeline;
using Microsoft.Extensions.Options;

namespace FindMe.Compare;

/// <summary>How photos are compared. Section <c>Compare</c> of the configuration; checked at start.</summary>
public sealed class CompareOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "Compare";

    /// <summary>Photos compared at the same time, 1 to 64. Default 0: one per core. More would only use more memory.</summary>
    [System.ComponentModel.DataAnnotations.Range(0, 64)]
    public int PhotosAtOnce { get; set; }

    /// <summary>
    /// The classifier that decides which results are blurred until the person reveals them: the name of a description
    /// <c>NAME.classifier.json</c> in the models folder. Default <c>nsfw</c>; empty disables it. Only matches and possible matches are
    /// classified. If its model is missing, the first classification logs a warning and nothing is blurred.
    /// </summary>
    [System.ComponentModel.DataAnnotations.RegularExpression("[A-Za-z0-9_-]{0,64}")]
    public string Classifier { get; set; } = "nsfw";

    /// <summary>
    /// Most frames to analyze of a post's video, spread over its length but at most one per second, 0 to 1,000. Default 60, one per second
    /// of a one-minute video. 0 analyzes the preview only.
    /// </summary>
    [System.ComponentModel.DataAnnotations.Range(0, 1000)]
    public int VideoFrames { get; set; } = 60;

    /// <summary>Timeout for one video, including its download, 1 to 10 s. Default 8 s; then the frames analyzed so far count.</summary>
    /// <remarks>One video per core is searched at a time, and four deliveries arrive at a time (concurrency in pubsub.yaml): two rounds fit into a handler's timeout.</remarks>
    [System.ComponentModel.DataAnnotations.Range(typeof(TimeSpan), "00:00:01", "00:00:10")]
    public TimeSpan VideoTime { get; set; } = TimeSpan.FromSeconds(8);

    /// <summary>
    /// Timeout for one photo, including its download, 1 to 100 s. Default 18 s (<see cref="TimeBudget.Handler"/>); then it is redelivered. Must be
    /// below the delivery timeout in components/resiliency.yaml.
    /// </summary>
    [System.ComponentModel.DataAnnotations.Range(typeof(TimeSpan), "00:00:01", "00:01:40")]
    public TimeSpan PhotoTime { get; set; } = TimeBudget.Handler;

    /// <summary>
    /// Time to finish photos at shutdown, 0 to 30 s. Default 4 s (<see cref="TimeBudget.Stop"/>); then they are aborted, and redelivered to
    /// another replica.
    /// </summary>
    [System.ComponentModel.DataAnnotations.Range(typeof(TimeSpan), "00:00:00", "00:00:30")]
    public TimeSpan StopTime { get; set; } = TimeBudget.Stop;

    /// <summary>
    /// How long a search's decrypted references stay in memory, 1 s to 10 min. Default 2 min; then they are overwritten, and read again for
    /// the search's next photo. References that their person deletes are overwritten within a second.
    /// </summary>
    [System.ComponentModel.DataAnnotations.Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan ReferencesKept { get; set; } = TimeSpan.FromMinutes(2);
}

[OptionsValidator]
internal sealed partial class CompareOptionsValidator : IValidateOptions<CompareOptions>;

/// <summary>Compares photos, one per core at a time.</summary>
internal sealed partial class Comparison(
    Lazy<FaceEngine> engine, UnsafePictures pictures, PostVideos videos, Verdicts verdicts, PhotoReading photos, IOptions<CompareOptions> options, IOptions<FaceEngineOptions> faces, ILogger<Comparison> logger)
{
    /// <summary>
    /// Waits for a free core and compares the photo. Compares the larger original too if faces are small, and searches the video if the photo is
    /// a video's preview.
    /// </summary>
    /// <returns>The verdict; null when the search ended while the photo waited for a core.</returns>
    public async Task<Verdict?> CompareAsync(TweetImage image, BatchPhoto listed, byte[] photo, WantedFaces wanted, PhotoDeadline deadline)
    {
        if (await ComparePhotoAsync(image, listed, photo, wanted, deadline) is not { } compared)
        {
            return null;
        }

        return image.Photo.VideoUrl is not null && options.Value.VideoFrames > 0
            ? await SearchVideoAsync(image, compared, wanted.Embeddings, deadline)
            : compared.Verdict;
    }

    private async Task<Compared?> ComparePhotoAsync(TweetImage image, BatchPhoto listed, byte[] photo, WantedFaces wanted, PhotoDeadline deadline)
    {
        var found = await CompareWhenFreeAsync(image, listed, photo, wanted, deadline.Token);
        if (found is not { Photo: { } analyzed } || !IsTooSmall(analyzed))
        {
            return found;
        }

        using var part = deadline.BeginOptional();
        try
        {
            if (await photos.TryReadOriginalAsync(image.Photo, part.Token) is { } original
                && await CompareWhenFreeAsync(image, listed, original, wanted, part.Token) is { Photo: not null } better)
            {
                LogOriginal(logger, image.SearchId, image.Listing, image.Index);
                return better;
            }
        }
        catch (OperationCanceledException) when (!deadline.Token.IsCancellationRequested)
        {
            // Out of time: keep the result of the smaller version.
        }

        return found;
    }

    // The preview's verdict counts unless the video shows the person better. If the person was not found and the video was not searched to its end,
    // the result is Skipped, not No.
    private async Task<Verdict> SearchVideoAsync(TweetImage image, Compared compared, IReadOnlyList<FaceEmbedding> wanted, PhotoDeadline deadline)
    {
        using var part = deadline.BeginOptional();
        var verdict = compared.Verdict;
        var isFound = verdict.Kind is VerdictKind.Match or VerdictKind.Maybe;
        var searched = await videos.SearchAsync(image, wanted, part.Token, deadline.Token);
        if (searched.Found is not { } found)
        {
            return isFound || compared.Photo is null ? verdict : Verdict.Skipped($"Only the video's preview was compared. {searched.Problem}", "video");
        }

        if (found.Best is not { } best)
        {
            return isFound ? verdict
                : found.Searched >= found.Length ? verdict with { Kind = VerdictKind.No, Reason = null, Cause = null }
                : Verdict.Skipped($"Only the first {found.Searched:m\\:ss} of the video's {found.Length:m\\:ss} minutes could be searched in time.", "video");
        }

        var times = found.Ranges.Select(range => new VideoTime((float)range.From.TotalSeconds, (float)range.To.TotalSeconds)).ToList();
        return verdict.Kind == VerdictKind.Match && verdict.Distance <= best.Distance
            ? verdict with { Times = times }
            : new Verdict
            {
                Kind = VerdictKind.Match,
                Times = times,
                FrameAt = (float)best.Best.Time.TotalSeconds,
                Box = BoxOf(best.Best.Face),
                Width = best.Best.Width,
                Height = best.Best.Height,
                Distance = best.Distance,
                Faces = verdict.Faces,
                Confidence = best.Confidence,
                Fingerprint = compared.Photo?.Fingerprint.ToString(),
                Unsafe = searched.Unsafe,
            };
    }

    // Such faces have fewer pixels than the model's input, so a larger version would give it more detail.
    private bool IsTooSmall(AnalyzedPhoto photo) =>
        Math.Max(photo.Width, photo.Height) < FaceEngine.WorkingSide
        && photo.Faces.Any(face => face.Box.Height < faces.Value.MinReferenceFacePixels);

    private async Task<Compared?> CompareWhenFreeAsync(TweetImage image, BatchPhoto listed, byte[] photo, WantedFaces wanted, CancellationToken cancellationToken)
    {
        var waits = engine.Value.IsFull;
        using var place = await engine.Value.EnterAsync(cancellationToken);

        // The search may have been cancelled or deleted while the photo waited.
        if (waits && await verdicts.ReadAsync(image, cancellationToken) is null)
        {
            return null;
        }

        LogComparing(logger, image.SearchId, image.Listing, image.Index);
        return await Task.Run(() => Compare(listed, photo, wanted, cancellationToken), cancellationToken);
    }

    private Compared Compare(BatchPhoto listed, byte[] photo, WantedFaces wanted, CancellationToken cancellationToken)
    {
        try
        {
            var analyzed = engine.Value.Analyze(photo, cancellationToken);
            var found = FindBest(listed, analyzed, wanted);

            // The box and distance of a narrow No are stored too, so that the person can raise the threshold without a new search.
            var verdict = found.Box is not { } box
                ? new Verdict { Kind = VerdictKind.No, Faces = analyzed.Faces.Count }
                : new Verdict
                {
                    Kind = found.Kind switch
                    {
                        MatchKind.Match => VerdictKind.Match,
                        MatchKind.Maybe => VerdictKind.Maybe,
                        _ => VerdictKind.No,
                    },
                    Box = BoxOf(box),
                    Width = analyzed.Width,
                    Height = analyzed.Height,
                    Distance = found.Distance,
                    Faces = analyzed.Faces.Count,
                    Confidence = found.Confidence,
                    Fingerprint = analyzed.Fingerprint.ToString(),
                    Unsafe = pictures.FindClass(photo, cancellationToken),
                };
            return new Compared(verdict, analyzed);
        }
        catch (PhotoException exception)
        {
            return new Compared(Verdict.Skipped(exception.Message, $"photo-{exception.Problem}".ToLowerInvariant()), null);
        }
    }

    // Faces that the person accepted win. Faces that they rejected are left out, so that another face of the same photo can match. If no other face
    // matches, the rejected one is stored anyway: readers hide it, and show it again if the person takes the rejection back.
    private PhotoVerdict FindBest(BatchPhoto listed, AnalyzedPhoto photo, WantedFaces wanted)
    {
        var within = engine.Value.OtherPersonDistance;
        var any = engine.Value.Compare(photo, wanted.Embeddings, within);
        if (wanted.Judgements.All.Count == 0 || any.Box is null)
        {
            return any;
        }

        var fingerprint = photo.Fingerprint.ToString();
        var judged = photo.Faces.ToLookup(
            face => wanted.Judgements.IsMe(listed, fingerprint, Judgement.Fractions(BoxOf(face.Box), photo.Width, photo.Height), null, PhotoFingerprint.AreOfSamePicture));
        if (judged[true].Any())
        {
            return engine.Value.Compare(photo with { Faces = [.. judged[true]] }, wanted.Embeddings, float.PositiveInfinity);
        }

        var best = engine.Value.Compare(photo with { Faces = [.. judged[null]] }, wanted.Embeddings, within);
        return best.Kind == MatchKind.No ? any : best;
    }

    private static FaceBox BoxOf(Box box) => new(box.X, box.Y, box.Width, box.Height);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Search {SearchId}: comparing photo {Listing}/{Index}.")]
    private static partial void LogComparing(ILogger logger, string searchId, int listing, int index);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Search {SearchId}: compared the original of photo {Listing}/{Index}, because its faces are small.")]
    private static partial void LogOriginal(ILogger logger, string searchId, int listing, int index);

    /// <summary>A verdict and the photo's analysis; null when the photo could not be decoded.</summary>
    private sealed record Compared(Verdict Verdict, AnalyzedPhoto? Photo);
}

/// <summary>Registers the face engine and the services that compare with it.</summary>
internal static class ComparisonServices
{
    public static void AddComparison(this IServiceCollection services)
    {
        services.AddOptions<CompareOptions>().BindConfiguration(CompareOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<CompareOptions>, CompareOptionsValidator>();
        services.AddOptions<FaceEngineOptions>()
            .Configure<IOptions<CompareOptions>>((faces, compare) => faces.PhotosAtOnce = compare.Value.PhotosAtOnce)
            .BindConfiguration(FaceEngineOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton(provider => new Lazy<FaceEngine>(() => FaceEngine.Load(provider.GetRequiredService<IOptions<FaceEngineOptions>>().Value)));
        services.AddSingleton<UnsafePictures>();
        services.AddSingleton<PostVideos>();
        services.AddHostedService<EngineStart>();
        services.AddSingleton<Comparison>();
        services.AddSingleton<PhotoDeadlines>();
        services.AddSingleton<SearchReferences>();
        services.AddHostedService(provider => provider.GetRequiredService<SearchReferences>());
    }

    /// <summary>Loads the models at start. Stops the app with one clear line if they are missing.</summary>
    private sealed class EngineStart(Lazy<FaceEngine> engine) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => Task.Run(() => _ = engine.Value, cancellationToken);

        public Task StopAsync(CancellationToken cancellationToken)
        {
            if (engine.IsValueCreated)
            {
                engine.Value.Dispose();
            }

            return Task.CompletedTask;
        }
    }
}
