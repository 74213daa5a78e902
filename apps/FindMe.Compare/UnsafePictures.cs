using FindMe.Faces;
using FindMe.Recognition;
using Microsoft.Extensions.Options;

namespace FindMe.Compare;

/// <summary>Decides which photos the page blurs until the person reveals them.</summary>
/// <remarks>
/// People who look for themselves should not have to see everything that others post. The classifier is loaded for the first photo that
/// needs it, so it does not delay the start of a replica.
/// </remarks>
internal sealed partial class UnsafePictures(IOptions<CompareOptions> options, IOptions<FaceEngineOptions> faces, ILogger<UnsafePictures> logger) : IDisposable
{
    private readonly Lazy<ImageClassifier?> _classifier = new(() => Load(options.Value.Classifier, faces.Value, logger));

    /// <summary>Returns the unsafe class of a photo; null for most photos.</summary>
    /// <exception cref="PhotoException">The photo cannot be read.</exception>
    public string? FindClass(byte[] photo, CancellationToken cancellationToken) => _classifier.Value?.FindUnsafeClass(photo, cancellationToken);

    public void Dispose()
    {
        if (_classifier.IsValueCreated)
        {
            _classifier.Value?.Dispose();
        }
    }

    // Photos are compared without it too, so a missing model is logged once, not for every photo.
    private static ImageClassifier? Load(string name, FaceEngineOptions options, ILogger logger)
    {
        try
        {
            return name.Length > 0 ? ImageClassifier.Load(name, options) : null;
        }
        catch (ModelException exception)
        {
            LogWithout(logger, exception.Message);
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Results will not be blurred, because the classifier cannot be loaded: {Reason}")]
    private static partial void LogWithout(ILogger logger, string reason);
}
