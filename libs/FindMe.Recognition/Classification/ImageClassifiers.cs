using System.Collections.Concurrent;
using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>Loads each classifier on first use and keeps it; concurrent callers load it once.</summary>
/// <param name="options">Folder of the models, and limits on photos.</param>
public sealed class ImageClassifiers(FaceEngineOptions options) : IDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<ImageClassifier>> _classifiers = new(StringComparer.Ordinal);

    /// <summary>Gets a classifier, and waits if another thread is loading it.</summary>
    /// <param name="name">As for <see cref="ImageClassifier.Load"/>.</param>
    /// <exception cref="ModelException">The classifier cannot be loaded; the next call retries.</exception>
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
                // Lazy caches the exception: remove it so that the next call retries, and so that invalid names do not accumulate in memory.
                _classifiers.TryRemove(new KeyValuePair<string, Lazy<ImageClassifier>>(name, classifier));
                throw;
            }
        }
    }

    /// <summary>Unloads all classifiers.</summary>
    public void Dispose()
    {
        foreach (var classifier in _classifiers.Values.Where(classifier => classifier.IsValueCreated))
        {
            classifier.Value.Dispose();
        }
    }
}
