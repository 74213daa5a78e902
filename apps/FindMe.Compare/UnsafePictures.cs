using FindMe.Faces;
using FindMe.Recognition;
using Microsoft.Extensions.Options;

namespace FindMe.Compare;

/// <summary>Says which photos the page blurs until the person asks for them.</summary>
/// <remarks>Whoever posts photos decides what is on them; a person who looks for themselves need not meet all of it.</remarks>
internal sealed partial class UnsafePictures(IOptions<CompareOptions> options, IOptions<FaceEngineOptions> faces, ILogger<UnsafePictures> logger) : IDisposable
{
    private ImageClassifier? _classifier;

    /// <summary>Loads the classifier. Photos are compared without it too: what is missing is told once, not of every photo.</summary>
    public void Load()
    {
        if (options.Value.Classifier.Length == 0)
        {
            return;
        }

        try
        {
            _classifier = ImageClassifier.Load(options.Value.Classifier, faces.Value);
        }
        catch (ModelException exception)
        {
            LogWithout(logger, exception.Message);
        }
    }

    /// <summary>The unsafe class of a photo; null for most.</summary>
    /// <exception cref="PhotoException">The photo cannot be read.</exception>
    public string? FindClass(byte[] photo, CancellationToken cancellationToken) => _classifier?.FindUnsafeClass(photo, cancellationToken);

    public void Dispose() => _classifier?.Dispose();

    [LoggerMessage(Level = LogLevel.Warning, Message = "No photo is blurred in results: {Reason}")]
    private static partial void LogWithout(ILogger logger, string reason);
}
