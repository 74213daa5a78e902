namespace FindMe.Faces;

/// <summary>Which face of a reference photo is meant, and how well it serves.</summary>
internal static class ReferenceSelection
{
    // A face less than this share of the largest one's height is somebody in the background.
    private const float BackgroundShare = 1 / 3f;

    // The subject of a portrait fills this share of the photo's shorter side at least; in pictures of groups nobody does.
    private const float PortraitShare = 0.3f;

    // A portrait's subject is no farther from the middle than this, 0 being the middle and 1 the edge.
    private const float MiddleOffset = 0.4f;

    // What the subject of a portrait outweighs everybody else by: its area, less towards the edges, where bystanders are.
    private const float PortraitFactor = 2;

    // A face this much taller than every other one is the subject wherever it is, if it fills the second share of the shorter side.
    private const float TallerFactor = 2;
    private const float TallerShare = 0.2f;

    // What the detector is less sure of may be a pattern; it does not make a photo one of several people.
    private const float MinScore = 0.5f;

    // A reference that is worse finds its person in fewer than half of their photos: docs/accuracy.md.
    private const float MinQuality = 0.03f;

    /// <summary>Chooses the face and judges it.</summary>
    /// <param name="picture">The decoded photo.</param>
    /// <param name="photo">Its faces.</param>
    /// <param name="face">Index of the face that is meant, or null.</param>
    /// <param name="minFacePixels">Least height of a face, in pixels of the full-size photo.</param>
    public static ReferenceAnalysis Read(Picture picture, AnalyzedPhoto photo, int? face, int minFacePixels)
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

        var (quality, warnings) = ReferenceQuality.Judge(picture, chosen);
        return quality < MinQuality
            ? Without(ReferenceProblem.Unclear, chosen.Box) with { Quality = quality, Warnings = warnings }
            : new ReferenceAnalysis(null, boxes, chosen.Box, chosen.Embedding, quality, warnings, photo.Width, photo.Height) { QuarterTurns = QuarterTurnsOf(chosen.Landmarks) };

        ReferenceAnalysis Without(ReferenceProblem problem, Box? box) =>
            new(problem, boxes, box, null, 0, [], photo.Width, photo.Height);
    }

    /// <summary>The faces a person may mean, left to right.</summary>
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

    /// <summary>The one face that is meant; null if several may be.</summary>
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
            && OffsetOf(first, width, height) <= MiddleOffset
            && WeightOf(first, width, height) >= PortraitFactor * WeightOf(second, width, height))
        {
            return byWeight[0];
        }

        var byHeight = candidates.OrderByDescending(candidate => candidate.Box.Height).ToList();
        return byHeight[0].Box.Height >= TallerShare * shorterSide && byHeight[0].Box.Height >= TallerFactor * byHeight[1].Box.Height
            ? byHeight[0]
            : null;
    }

    // An upright face has its eyes side by side, left one first.
    private static int QuarterTurnsOf(Landmarks landmarks)
    {
        var eyes = landmarks.RightEye - landmarks.LeftEye;
        return ((int)MathF.Round(MathF.Atan2(eyes.Y, eyes.X) / (MathF.PI / 2)) + 4) % 4;
    }

    private static float WeightOf(Box box, int width, int height) => box.Area * (1 - OffsetOf(box, width, height));

    // Distance of the box's middle from the photo's, along the worse axis: 0 in the middle, 1 at the edge.
    private static float OffsetOf(Box box, int width, int height) =>
        Math.Max(Math.Abs((box.Centre.X * 2 / width) - 1), Math.Abs((box.Centre.Y * 2 / height) - 1));
}
