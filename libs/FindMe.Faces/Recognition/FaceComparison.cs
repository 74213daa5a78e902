namespace FindMe.Faces;

/// <summary>Step 6: a photo's faces and a person's references → the verdict.</summary>
/// <param name="MatchDistance">Largest distance of a match.</param>
/// <param name="MaybeDistance">Largest distance of a maybe.</param>
/// <param name="Confidence">What a distance means.</param>
internal sealed record FaceComparison(float MatchDistance, float MaybeDistance, RecognitionRecipe.ConfidenceCurve Confidence)
{
    /// <summary>The face nearest to any reference decides: the references are all of one person, who is in a photo once.</summary>
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

        var kind = least <= MatchDistance ? MatchKind.Match : least <= MaybeDistance ? MatchKind.Maybe : MatchKind.No;
        return nearest is null || (kind == MatchKind.No && least > within)
            ? PhotoVerdict.No
            : new PhotoVerdict(kind, nearest.Box, least, ConfidenceAt(least));
    }

    /// <summary>Probability, 0 to 1, that a face at a distance is the person's.</summary>
    public float ConfidenceAt(float distance) => 1 / (1 + MathF.Exp((distance - Confidence.Midpoint) * Confidence.Steepness));
}
