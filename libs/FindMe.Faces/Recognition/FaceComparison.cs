namespace FindMe.Faces;

/// <summary>Step 6: a photo's faces and a person's references → the verdict.</summary>
internal static class FaceComparison
{
    // Logistic curve of the distance; the recipe of the fit is in docs/accuracy.md.
    private const float EvenDistance = 1.15f;
    private const float Steepness = 25f;

    /// <summary>The face nearest to any reference decides: the references are all of one person, who is in a photo once.</summary>
    public static PhotoVerdict Compare(
        IReadOnlyList<DetectedFace> faces,
        IReadOnlyList<FaceEmbedding> references,
        FaceEngineOptions options)
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

        return nearest is null || (least > options.MatchDistance && least > options.MaybeDistance)
            ? PhotoVerdict.No
            : new PhotoVerdict(
                least <= options.MatchDistance ? VerdictKind.Match : VerdictKind.Maybe,
                nearest.Box,
                least,
                ConfidenceAt(least));
    }

    /// <summary>Probability that two faces at a distance are one person's.</summary>
    public static float ConfidenceAt(float distance) => 1 / (1 + MathF.Exp((distance - EvenDistance) * Steepness));
}
