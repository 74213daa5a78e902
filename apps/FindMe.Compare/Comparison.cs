using FindMe.Faces;
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
}

[OptionsValidator]
internal sealed partial class CompareOptionsValidator : IValidateOptions<CompareOptions>;

/// <summary>Compares photos, as many at once as there are cores.</summary>
internal sealed partial class Comparison(
    Lazy<FaceEngine> engine, UnsafePictures pictures, Verdicts verdicts, PhotoReading photos, IOptions<CompareOptions> options, IOptions<FaceEngineOptions> faces, ILogger<Comparison> logger) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(options.Value.PhotosAtOnce is > 0 and var photos ? photos : Environment.ProcessorCount);

    /// <summary>Waits for a free core and compares; once more with the original where faces are small and the original is larger.</summary>
    /// <returns>The verdict; null when the search ended while the photo waited its turn.</returns>
    public async Task<Verdict?> CompareAsync(TweetImage image, byte[] photo, IReadOnlyList<FaceEmbedding> wanted, CancellationToken cancellationToken)
    {
        var found = await CompareInTurnAsync(image, photo, wanted, cancellationToken);
        if (found is { Photo: { } analyzed } && IsTooSmall(analyzed)
            && await photos.TryReadOriginalAsync(image.Photo, cancellationToken) is { } original
            && await CompareInTurnAsync(image, original, wanted, cancellationToken) is { Photo: not null } better)
        {
            LogOriginal(logger, image.SearchId, image.Listing, image.Index);
            return better.Verdict;
        }

        return found?.Verdict;
    }

    public void Dispose() => _turn.Dispose();

    // A face below this has fewer pixels than the network wants, and the engine would take more if it got them.
    private bool IsTooSmall(AnalyzedPhoto photo) =>
        Math.Max(photo.Width, photo.Height) < FaceEngine.WorkingSide
        && photo.Faces.Any(face => face.Box.Height < faces.Value.MinReferenceFacePixels);

    private async Task<Compared?> CompareInTurnAsync(TweetImage image, byte[] photo, IReadOnlyList<FaceEmbedding> wanted, CancellationToken cancellationToken)
    {
        var waits = _turn.CurrentCount == 0;
        await _turn.WaitAsync(cancellationToken);
        try
        {
            // The search may have been cancelled or deleted while the photo stood in line.
            if (waits && await verdicts.ReadAsync(image, cancellationToken) is null)
            {
                return null;
            }

            LogComparing(logger, image.SearchId, image.Listing, image.Index);
            return await Task.Run(() => Compare(photo, wanted, cancellationToken), cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    private Compared Compare(byte[] photo, IReadOnlyList<FaceEmbedding> wanted, CancellationToken cancellationToken)
    {
        try
        {
            var analyzed = engine.Value.Analyze(photo, cancellationToken);
            var found = engine.Value.Compare(analyzed, wanted);
            var verdict = found.Kind == FindMe.Faces.VerdictKind.No
                ? new Verdict { Kind = Pipeline.VerdictKind.No }
                : new Verdict
                {
                    Kind = found.Kind == FindMe.Faces.VerdictKind.Match ? Pipeline.VerdictKind.Match : Pipeline.VerdictKind.Maybe,
                    Box = found.Box is { } box ? new FaceBox(box.X, box.Y, box.Width, box.Height) : null,
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
        services.AddOptions<FaceEngineOptions>().BindConfiguration(FaceEngineOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton(provider => new Lazy<FaceEngine>(() => FaceEngine.Load(provider.GetRequiredService<IOptions<FaceEngineOptions>>().Value)));
        services.AddSingleton<UnsafePictures>();
        services.AddHostedService<EngineStart>();
        services.AddSingleton<Comparison>();
        services.AddSingleton<SearchReferences>();
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
