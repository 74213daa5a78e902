using System.Collections.Concurrent;
using FindMe.Faces;

namespace FindMe.Evaluation;

/// <summary>Photos and their analysis. Each file is analysed once per run.</summary>
internal sealed class Photos
{
    private readonly ConcurrentDictionary<string, AnalyzedPhoto?> _photos = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, FaceEmbedding?> _references = new(StringComparer.Ordinal);

    private Photos()
    {
    }

    /// <summary>Analyses photos on all cores.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="paths">The files; duplicates are analysed once.</param>
    /// <param name="what">Label of the progress bar.</param>
    /// <param name="cancellationToken">Cancels the evaluation.</param>
    /// <exception cref="EvaluationException">A file is missing.</exception>
    public static Photos Analyze(FaceEngine engine, IEnumerable<string> paths, string what, CancellationToken cancellationToken)
    {
        var files = paths.Distinct(StringComparer.Ordinal).ToList();
        if (files.FirstOrDefault(file => !File.Exists(file)) is { } missing)
        {
            throw new EvaluationException($"{missing} is missing.");
        }

        var photos = new Photos();
        using var progress = new Progress(what, files.Count);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken };
        Parallel.ForEach(files, parallel, file =>
        {
            photos._photos[file] = TryAnalyze(engine, file, cancellationToken);
            progress.Step();
        });
        return photos;
    }

    /// <summary>Embeds the main faces as those of references, for <see cref="ReferenceOf"/>.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="paths">Files that have been analysed; duplicates are embedded once.</param>
    /// <param name="cancellationToken">Cancels the evaluation.</param>
    public void EmbedReferences(FaceEngine engine, IEnumerable<string> paths, CancellationToken cancellationToken)
    {
        var files = paths.Distinct(StringComparer.Ordinal).ToList();
        using var progress = new Progress("references", files.Count);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken };
        Parallel.ForEach(files, parallel, file =>
        {
            _references[file] = MainFaceOf(this[file]) is { } face ? engine.EmbedReference(File.ReadAllBytes(file), face) : null;
            progress.Step();
        });
    }

    /// <summary>Returns the embedding of a picture's main face as a reference; null without a face.</summary>
    public FaceEmbedding? ReferenceOf(string path) => _references[path];

    /// <summary>Returns the analysis of a photo; null when it could not be read.</summary>
    public AnalyzedPhoto? this[string path] => _photos[path];

    /// <summary>The unreadable files.</summary>
    public IEnumerable<string> Unreadable => _photos.Where(photo => photo.Value is null).Select(photo => photo.Key).Order(StringComparer.Ordinal);

    /// <summary>Returns the main face of a picture: the largest, weighted by its closeness to the centre and its score. Null without a face.</summary>
    public static DetectedFace? MainFaceOf(AnalyzedPhoto? photo) =>
        photo?.Faces.MaxBy(face => face.Score * WeightOf(face.Box, photo.Width, photo.Height));

    // The area, reduced to one half for a face at the edge.
    private static double WeightOf(Box box, int width, int height)
    {
        var (x, y) = (((box.X + (box.Width / 2)) / width) - 0.5, ((box.Y + (box.Height / 2)) / height) - 0.5);
        return box.Width * box.Height * (1 - Math.Max(Math.Abs(x), Math.Abs(y)));
    }

    private static AnalyzedPhoto? TryAnalyze(FaceEngine engine, string path, CancellationToken cancellationToken)
    {
        try
        {
            return engine.Analyze(File.ReadAllBytes(path), cancellationToken);
        }
        catch (PhotoException)
        {
            return null;
        }
    }
}
