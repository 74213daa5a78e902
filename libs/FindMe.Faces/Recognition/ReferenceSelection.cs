namespace FindMe.Faces;

/// <summary>Chooses the face of a reference photo and rates it.</summary>
internal static class ReferenceSelection
{
    // Faces below this share of the largest face's height belong to people in the background.
    private const float BackgroundShare = 1 / 3f;

    // The subject of a portrait fills at least this share of the photo's shorter side; nobody in a group picture does.
    private const float PortraitShare = 0.3f;

    // Maximum distance of a portrait's subject from the centre of the photo: 0 is the centre, 1 the edge.
    private const float MaxCentreOffset = 0.4f;

    // The subject of a portrait has at least this many times the weight of any other face. The weight is the area, reduced towards the
    // edges, where bystanders are.
    private const float PortraitFactor = 2;

    // A face this many times as tall as any other is the subject wherever it is, if it fills TallerShare of the photo's shorter side.
    private const float TallerFactor = 2;
    private const float TallerShare = 0.2f;

    // Detections below this score may be patterns, so they do not turn a photo into a group picture.
    private const float MinScore = 0.5f;

    // A reference of lower quality finds its person in fewer than half of their photos (docs/accuracy.md).
    private const float MinQuality = 0.03f;

    /// <param name="picture">The decoded photo.</param>
    /// <param name="photo">The faces of the photo.</param>
    /// <param name="face">Index of the face to use; null to choose the dominant one.</param>
    /// <param name="minFacePixels">Minimum height of the face, in pixels of the full-size photo.</param>
    /// <param name="embed">Embeds the chosen face.</param>
    public static ReferenceAnalysis Analyze(
        Picture picture, AnalyzedPhoto photo, int? face, int minFacePixels, Func<DetectedFace, FaceEmbedding> embed)
    {
        var candidates = FindCandidates(photo);
        var boxes = candidates.ConvertAll(candidate => candidate.Box);
        if (candidates.Count == 0)
        {
            return Without(ReferenceProblem.NoFace, null);
        }

        if (face is < 0 || face >= candidates.Count)
        {
            return Without(ReferenceProblem.NoSuchFace, null);
        }

        var chosen = face is { } index ? candidates[index] : TryChoose(candidates, photo.Width, photo.Height);
        if (chosen is null)
        {
            return Without(ReferenceProblem.SeveralFaces, null);
        }

        if (chosen.Box.Height < minFacePixels)
        {
            return Without(ReferenceProblem.FaceTooSmall, chosen.Box);
        }

        var (quality, warnings) = ReferenceQuality.Rate(picture, chosen);
        return quality < MinQuality
            ? Without(ReferenceProblem.Unclear, chosen.Box) with { Quality = quality, Warnings = warnings }
            : new ReferenceAnalysis(null, boxes, chosen.Box, embed(chosen), quality, warnings, photo.Width, photo.Height) { QuarterTurns = QuarterTurnsOf(chosen.Landmarks) };

        ReferenceAnalysis Without(ReferenceProblem problem, Box? box) =>
            new(problem, boxes, box, null, 0, [], photo.Width, photo.Height);
    }

    /// <summary>Returns the faces that can be the subject, left to right.</summary>
    private static List<DetectedFace> FindCandidates(AnalyzedPhoto photo)
    {
        if (photo.Faces.Count == 0)
        {
            return [];
        }

        var largest = photo.Faces.Max(candidate => candidate.Box.Height);
        var sure = photo.Faces.Any(face => face.Score >= MinScore);
        return photo.Faces
            .Where(face => face.Box.Height >= BackgroundShare * largest && (!sure || face.Score >= MinScore))
            .OrderBy(face => face.Box.X)
            .ToList();
    }

    /// <summary>Returns the dominant face; null if there is none.</summary>
    private static DetectedFace? TryChoose(List<DetectedFace> candidates, int width, int height)
    {
        if (candidates.Count == 1)
        {
            return candidates[0];
        }

        var shorterSide = Math.Min(width, height);
        var byWeight = candidates.OrderByDescending(candidate => WeightOf(candidate.Box, width, height)).ToList();
        var (first, second) = (byWeight[0].Box, byWeight[1].Box);
        if (first.Height >= PortraitShare * shorterSide
            && OffsetOf(first, width, height) <= MaxCentreOffset
            && WeightOf(first, width, height) >= PortraitFactor * WeightOf(second, width, height))
        {
            return byWeight[0];
        }

        var byHeight = candidates.OrderByDescending(candidate => candidate.Box.Height).ToList();
        return byHeight[0].Box.Height >= TallerShare * shorterSide && byHeight[0].Box.Height >= TallerFactor * byHeight[1].Box.Height
            ? byHeight[0]
            : null;
    }

    // In an upright face the eyes are side by side, the left one first.
    private static int QuarterTurnsOf(Landmarks landmarks)
    {
        var eyes = landmarks.RightEye - landmarks.LeftEye;
        return ((int)MathF.Round(MathF.Atan2(eyes.Y, eyes.X) / (MathF.PI / 2)) + 4) % 4;
    }

    private static float WeightOf(Box box, int width, int height) => box.Area * (1 - OffsetOf(box, width, height));

    // Distance between the centres of box and photo, along the axis where it is larger: 0 at the centre, 1 at the edge.
    private static float OffsetOf(Box box, int width, int height) =>
        Math.Max(Math.Abs((box.Centre.X * 2 / width) - 1), Math.Abs((box.Centre.Y * 2 / height) - 1));
}
