using System.Collections.Concurrent;
using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>The classifiers in memory: each is loaded when it is first asked for, once, however many ask.</summary>
/// <param name="options">Where the models are, and what a photo may be.</param>
public sealed class ImageClassifiers(FaceEngineOptions options) : IDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<ImageClassifier>> _classifiers = new(StringComparer.Ordinal);

    /// <summary>The classifier of a name; waits where another thread is loading it.</summary>
    /// <param name="name">As for <see cref="ImageClassifier.Load"/>.</param>
    /// <exception cref="ModelException">It cannot be loaded; the next call tries again.</exception>
    public ImageClassifier this[string name]
    {
        get
        {
            var classifier = _classifiers.GetOrAdd(name, key => new Lazy<ImageClassifier>(() => ImageClassifier.Load(key, options)));
            try
            {
                return classifier.Value;
            }
            catch
            {
                // Lazy would say the same for ever, also after the file has been put there; names that never load would fill the memory.
                _classifiers.TryRemove(new KeyValuePair<string, Lazy<ImageClassifier>>(name, classifier));
                throw;
            }
        }
    }

    /// <summary>Unloads all of them.</summary>
    public void Dispose()
    {
        foreach (var classifier in _classifiers.Values.Where(classifier => classifier.IsValueCreated))
        {
            classifier.Value.Dispose();
        }
    }
}
