namespace FindMe.Faces;

/// <summary>Step 6: faces of a photo and references of a person → verdict.</summary>
/// <param name="MatchDistance">Largest distance of a match.</param>
/// <param name="MaybeDistance">Largest distance of a maybe.</param>
/// <param name="Confidence">Maps a distance to a probability.</param>
internal sealed record FaceComparison(float MatchDistance, float MaybeDistance, RecognitionRecipe.ConfidenceCurve Confidence)
{
    /// <summary>Judges the face nearest to any reference: all references show the same person, who appears at most once in a photo.</summary>
    public PhotoVerdict Compare(IReadOnlyList<DetectedFace> faces, IReadOnlyList<FaceEmbedding> references, float within = 0)
    {
        var (nearest, least) = ((DetectedFace?)null, float.PositiveInfinity);
        foreach (var face in faces)
        {
            foreach (var reference in references)
            {
                var distance = face.Embedding.DistanceTo(reference);
                if (distance < least)
                {
                    (nearest, least) = (face, distance);
                }
            }
        }

        var kind = KindAt(least);
        return nearest is null || (kind == MatchKind.No && least > within)
            ? PhotoVerdict.No
            : new PhotoVerdict(kind, nearest.Box, least, ConfidenceAt(least));
    }

    /// <summary>Returns the verdict on a face at this distance.</summary>
    public MatchKind KindAt(float distance) => distance <= MatchDistance ? MatchKind.Match : distance <= MaybeDistance ? MatchKind.Maybe : MatchKind.No;

    /// <summary>Returns the probability, 0 to 1, that a face at this distance is the person's.</summary>
    public float ConfidenceAt(float distance) => 1 / (1 + MathF.Exp((distance - Confidence.Midpoint) * Confidence.Steepness));
}
