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

    /// <summary>Photos compared at the same time, 1 to 64; 0, the default: one a core. More only costs memory.</summary>
    [System.ComponentModel.DataAnnotations.Range(0, 64)]
    public int PhotosAtOnce { get; set; }

    /// <summary>
    /// The classifier that says which results are blurred until the person asks for them: the name of a description
    /// <c>NAME.classifier.json</c> beside the models. Default <c>nsfw</c>; empty: none are. Only photos that show the person, or may, are
    /// classified. Where its model is missing, a line in the log says so at the first of them and nothing is blurred.
    /// </summary>
    [System.ComponentModel.DataAnnotations.RegularExpression("[A-Za-z0-9_-]{0,64}")]
    public string Classifier { get; set; } = "nsfw";

    /// <summary>
    /// Frames of a post's video that are looked at, spread over its length but no denser than one a second, 0 to 1,000. Default 60; 0: only
    /// its preview is. Of each minute of the usual video a person is to be seen for longer than a second.
    /// </summary>
    [System.ComponentModel.DataAnnotations.Range(0, 1000)]
    public int VideoFrames { get; set; } = 60;

    /// <summary>Time for one video, fetched and searched, 1 to 10 s. Default 8 s; then what was seen until then counts, and the video is left.</summary>
    /// <remarks>As many videos as cores are searched at once, and four deliveries come at a time (concurrency in pubsub.yaml): two rounds fit into a handler.</remarks>
    [System.ComponentModel.DataAnnotations.Range(typeof(TimeSpan), "00:00:01", "00:00:10")]
    public TimeSpan VideoTime { get; set; } = TimeSpan.FromSeconds(8);

    /// <summary>
    /// Time for one photo, fetched and compared, 1 to 100 s. Default 18 s (<see cref="TimeBudget.Handler"/>); then it is delivered again. Below
    /// the timeout of a delivery in components/resiliency.yaml.
    /// </summary>
    [System.ComponentModel.DataAnnotations.Range(typeof(TimeSpan), "00:00:01", "00:01:40")]
    public TimeSpan PhotoTime { get; set; } = TimeBudget.Handler;

    /// <summary>
    /// Time to finish photos after the app is told to end, 0 to 30 s. Default 4 s (<see cref="TimeBudget.Stop"/>); then they are given up, and
    /// come to another replica.
    /// </summary>
    [System.ComponentModel.DataAnnotations.Range(typeof(TimeSpan), "00:00:00", "00:00:30")]
    public TimeSpan StopTime { get; set; } = TimeBudget.Stop;

    /// <summary>
    /// Time that a search's decrypted references stay in memory, 1 s to 10 min. Default 2 min; then they are overwritten, and read again with
    /// the search's next photo. Those of a person who deletes them are overwritten within a second.
    /// </summary>
    [System.ComponentModel.DataAnnotations.Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan ReferencesKept { get; set; } = TimeSpan.FromMinutes(2);
}

[OptionsValidator]
internal sealed partial class CompareOptionsValidator : IValidateOptions<CompareOptions>;

/// <summary>Compares photos, as many at once as there are cores.</summary>
internal sealed partial class Comparison(
    Lazy<FaceEngine> engine, UnsafePictures pictures, PostVideos videos, Verdicts verdicts, PhotoReading photos, IOptions<CompareOptions> options, IOptions<FaceEngineOptions> faces, ILogger<Comparison> logger)
{
    /// <summary>
    /// Waits for a free core and compares; once more with the original where faces are small and the original is larger. Where the photo is a
    /// video's preview, the video is searched too.
    /// </summary>
    /// <returns>The verdict; null when the search ended while the photo waited its turn.</returns>
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
        var found = await CompareInTurnAsync(image, listed, photo, wanted, deadline.Token);
        if (found is not { Photo: { } analyzed } || !IsTooSmall(analyzed))
        {
            return found;
        }

        using var part = deadline.BeginOptional();
        try
        {
            if (await photos.TryReadOriginalAsync(image.Photo, part.Token) is { } original
                && await CompareInTurnAsync(image, listed, original, wanted, part.Token) is { Photo: not null } better)
            {
                LogOriginal(logger, image.SearchId, image.Listing, image.Index);
                return better;
            }
        }
        catch (OperationCanceledException) when (!deadline.Token.IsCancellationRequested)
        {
            // The one that serves has to do.
        }

        return found;
    }

    // What the preview says stands, unless the video shows the person better. A video that shows them nowhere and was not looked at to its end is
    // no "no".
    private async Task<Verdict> SearchVideoAsync(TweetImage image, Compared compared, IReadOnlyList<FaceEmbedding> wanted, PhotoDeadline deadline)
    {
        using var part = deadline.BeginOptional();
        var verdict = compared.Verdict;
        var isFound = verdict.Kind is VerdictKind.Match or VerdictKind.Maybe;
        var searched = await videos.SearchAsync(image, wanted, part.Token, deadline.Token);
        if (searched.Found is not { } found)
        {
            return isFound || compared.Photo is null ? verdict : Verdict.Skipped($"Only its preview was looked at. {searched.Problem}", "video");
        }

        if (found.Best is not { } best)
        {
            return isFound ? verdict
                : found.Searched >= found.Length ? verdict with { Kind = VerdictKind.No, Reason = null, Cause = null }
                : Verdict.Skipped($"Only the first {found.Searched:m\\:ss} of the video's {found.Length:m\\:ss} minutes could be looked at in time.", "video");
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
                Confidence = best.Confidence,
                Fingerprint = compared.Photo?.Fingerprint.ToString(),
                Unsafe = searched.Unsafe,
            };
    }

    // A face below this has fewer pixels than the network wants, and the engine would take more if it got them.
    private bool IsTooSmall(AnalyzedPhoto photo) =>
        Math.Max(photo.Width, photo.Height) < FaceEngine.WorkingSide
        && photo.Faces.Any(face => face.Box.Height < faces.Value.MinReferenceFacePixels);

    private async Task<Compared?> CompareInTurnAsync(TweetImage image, BatchPhoto listed, byte[] photo, WantedFaces wanted, CancellationToken cancellationToken)
    {
        var waits = engine.Value.IsFull;
        using var place = await engine.Value.EnterAsync(cancellationToken);

        // The search may have been cancelled or deleted while the photo stood in line.
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

            // A face that is not far off is kept as a number, so that its person can look beyond the threshold without a new search.
            var verdict = found.Box is not { } box
                ? new Verdict { Kind = VerdictKind.No }
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

    // Faces of which the person has said that they are not theirs are left out, so that the right one of the same photo can win; one that they
    // called theirs is the one. Where no other face is theirs, the face that they rejected stands all the same: whoever reads the search leaves it
    // out, and has it again when they take that back.
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

    [LoggerMessage(Level = LogLevel.Debug, Message = "Search {SearchId}: photo {Listing}/{Index} has small faces; its original was compared.")]
    private static partial void LogOriginal(ILogger logger, string searchId, int listing, int index);

    /// <summary>A verdict, and what the photo showed; null where it could not be read.</summary>
    private sealed record Compared(Verdict Verdict, AnalyzedPhoto? Photo);
}

/// <summary>Registers the face engine and what compares with it.</summary>
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

    /// <summary>Loads the models while the app starts, and stops it with one clear line where they are missing.</summary>
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
