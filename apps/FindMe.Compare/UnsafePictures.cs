using FindMe.Faces;
using FindMe.Recognition;
using Microsoft.Extensions.Options;

namespace FindMe.Compare;

/// <summary>Says which photos the page blurs until the person asks for them.</summary>
/// <remarks>
/// Whoever posts photos decides what is on them; a person who looks for themselves need not meet all of it. The classifier is loaded when
/// the first photo wants it: no replica starts later for it.
/// </remarks>
internal sealed partial class UnsafePictures(IOptions<CompareOptions> options, IOptions<FaceEngineOptions> faces, ILogger<UnsafePictures> logger) : IDisposable
{
    private readonly Lazy<ImageClassifier?> _classifier = new(() => Load(options.Value.Classifier, faces.Value, logger));

    /// <summary>The unsafe class of a photo; null for most.</summary>
    /// <exception cref="PhotoException">The photo cannot be read.</exception>
    public string? FindClass(byte[] photo, CancellationToken cancellationToken) => _classifier.Value?.FindUnsafeClass(photo, cancellationToken);

    public void Dispose()
    {
        if (_classifier.IsValueCreated)
        {
            _classifier.Value?.Dispose();
        }
    }

    // Photos are compared without it too: what is missing is told once, not of every photo.
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

    [LoggerMessage(Level = LogLevel.Warning, Message = "No photo is blurred in results: {Reason}")]
    private static partial void LogWithout(ILogger logger, string reason);
}
