using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>The result of training with one photo.</summary>
/// <param name="Analysis">The face, or why the photo cannot be used.</param>
/// <param name="Vectors">Vectors of the face; null with any <see cref="ReferenceAnalysis.Problem"/>.</param>
public sealed record TrainedFace(ReferenceAnalysis Analysis, FaceVectors? Vectors);

/// <summary>Embeds the face of a photo and its augmentations.</summary>
public static class FaceVectorTraining
{
    // Maximum distance of a detected face from the centre of its augmentation, in sides of its box. Beyond it, the face is somebody else's.
    private const float MaxOffset = 0.35f;

    // With fewer vectors, a warning asks for a better photo: the engine does not find the face reliably.
    private const int FewVectors = 12;

    /// <summary>Embeds the face and its augmentations.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="photo">The encoded photo.</param>
    /// <param name="face">Index of the face, from 0, left to right; null if the photo must have exactly one face.</param>
    /// <param name="seed">Seed of the augmentations.</param>
    /// <param name="cancellationToken">Checked between the augmentations.</param>
    /// <returns>
    /// At most 22 vectors, that of the photo first. Augmentations in which the engine does not find the face, or would take it for somebody
    /// else's, are left out. If many are left out, <see cref="ReferenceAnalysis.Warnings"/> says so.
    /// </returns>
    /// <exception cref="PhotoException">The photo cannot be read.</exception>
    public static TrainedFace Train(FaceEngine engine, ReadOnlyMemory<byte> photo, int? face = null, int seed = 0, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(engine);
        var analysis = engine.AnalyzeReference(photo, face, cancellationToken);
        if (face is null && analysis.Faces.Count > 1)
        {
            return new TrainedFace(analysis with { Problem = ReferenceProblem.SeveralFaces, Embedding = null, Box = null }, null);
        }

        if (analysis.Embedding is not { } own || analysis.Box is not { } box)
        {
            return new TrainedFace(analysis, null);
        }

        var pixels = PhotoPixels.Decode(photo, options: engine.Options);
        var (scaleX, scaleY) = ((float)pixels.Width / analysis.Width, (float)pixels.Height / analysis.Height);
        var inPixels = new Box(box.X * scaleX, box.Y * scaleY, box.Width * scaleX, box.Height * scaleY);
        var vectors = new List<FaceEmbedding> { own };
        foreach (var picture in FaceAugmentation.Of(pixels, inPixels, analysis.QuarterTurns, seed))
        {
            if (TryEmbed(engine, picture, cancellationToken) is { } embedding && embedding.DistanceTo(own) <= engine.MatchDistance)
            {
                vectors.Add(embedding);
            }
        }

        if (vectors.Count < FewVectors)
        {
            analysis = analysis with { Warnings = [.. analysis.Warnings, "The face is hard to find in slightly changed copies of the photo: use a larger and clearer photo."] };
        }

        return new TrainedFace(analysis, new FaceVectors(engine.Recipe, vectors));
    }

    private static FaceEmbedding? TryEmbed(FaceEngine engine, PhotoPixels picture, CancellationToken cancellationToken)
    {
        var (nearest, least) = ((DetectedFace?)null, MaxOffset);
        foreach (var face in engine.FindPortraitFaces(picture, cancellationToken))
        {
            var (x, y) = (face.Box.X + (face.Box.Width / 2) - (picture.Width / 2f), face.Box.Y + (face.Box.Height / 2) - (picture.Height / 2f));
            var offset = MathF.Sqrt((x * x) + (y * y)) / Math.Max(1, Math.Max(face.Box.Width, face.Box.Height));
            if (offset < least)
            {
                (nearest, least) = (face, offset);
            }
        }

        return nearest?.Embedding;
    }
}
