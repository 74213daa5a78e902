using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>What a photo gives to recognise a person by.</summary>
/// <param name="Reading">The face, and why it cannot serve if it cannot.</param>
/// <param name="Vectors">Its vectors; null with any <see cref="ReferenceAnalysis.Problem"/>.</param>
public sealed record TrainedFace(ReferenceAnalysis Reading, FaceVectors? Vectors);

/// <summary>A photo of one face → its embedding and those of its augmentations.</summary>
public static class FaceVectorTraining
{
    // A face that is found farther from where the augmentation put it, in sides of its box, is somebody else's.
    private const float MaxOffset = 0.35f;

    // With fewer the face is hard to find again: somebody should know that a better photo would serve better.
    private const int FewVectors = 12;

    /// <summary>Trains.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="photo">The encoded photo.</param>
    /// <param name="face">Which of several faces, an index from 0, left to right; null: there must be exactly one.</param>
    /// <param name="seed">Of the augmentations.</param>
    /// <param name="cancellationToken">Checked between the augmentations.</param>
    /// <returns>
    /// 22 vectors at most: the photo's own first. An augmentation in which the engine does not find the face again, or one that it would
    /// take for somebody else's, gives none; where many give none, a warning says so.
    /// </returns>
    /// <exception cref="PhotoException">The photo cannot be read.</exception>
    public static TrainedFace Train(FaceEngine engine, ReadOnlyMemory<byte> photo, int? face = null, int seed = 0, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(engine);
        var reading = engine.AnalyzeReference(photo, face, cancellationToken);
        if (face is null && reading.Faces.Count > 1)
        {
            return new TrainedFace(reading with { Problem = ReferenceProblem.SeveralFaces, Embedding = null, Box = null }, null);
        }

        if (reading.Embedding is not { } own || reading.Box is not { } box)
        {
            return new TrainedFace(reading, null);
        }

        var pixels = PhotoPixels.Decode(photo, options: engine.Options);
        var (scaleX, scaleY) = ((float)pixels.Width / reading.Width, (float)pixels.Height / reading.Height);
        var inPixels = new Box(box.X * scaleX, box.Y * scaleY, box.Width * scaleX, box.Height * scaleY);
        var vectors = new List<FaceEmbedding> { own };
        foreach (var picture in FaceAugmentation.Of(pixels, inPixels, reading.QuarterTurns, seed))
        {
            if (TryEmbed(engine, picture, cancellationToken) is { } embedding && embedding.DistanceTo(own) <= engine.MatchDistance)
            {
                vectors.Add(embedding);
            }
        }

        if (vectors.Count < FewVectors)
        {
            reading = reading with { Warnings = [.. reading.Warnings, "The face is hard to find again once the photo is changed a little: a larger and clearer photo serves better."] };
        }

        return new TrainedFace(reading, new FaceVectors(engine.Recipe, vectors));
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
