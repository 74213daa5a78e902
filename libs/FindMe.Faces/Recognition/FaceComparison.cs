namespace FindMe.Faces;

/// <summary>Step 6: a photo's faces and a person's references → the verdict.</summary>
internal static class FaceComparison
{
    // Logistic regression on the distances of 996 pairs of one person and 1,227 of two, either kind weighing one half, gives steepness
    // 47 and an even chance at 1.184. Of the faces in an event's photos about one in 20 is the person's, which moves the even chance
    // by ln(19) / 47. The pairs are named in models/README.md.
    private const float Steepness = 47f;
    private const float EvenDistance = 1.122f;

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

    /// <summary>Probability, 0 to 1, that a face at a distance is the person's.</summary>
    public static float ConfidenceAt(float distance) => 1 / (1 + MathF.Exp((distance - EvenDistance) * Steepness));
}
