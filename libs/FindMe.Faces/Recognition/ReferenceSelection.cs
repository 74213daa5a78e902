namespace FindMe.Faces;

/// <summary>Which face of a reference photo is meant, and how well it serves.</summary>
internal static class ReferenceSelection
{
    // A face less than this share of the largest one's height is somebody in the background.
    private const float BackgroundShare = 1 / 3f;

    // A candidate this much larger than every other one is the photo's subject.
    private const float DominatingFactor = 1.5f;

    // What the detector is less sure of may be a pattern; it does not make a photo one of several people.
    private const float MinScore = 0.5f;

    /// <summary>Chooses the face and judges it.</summary>
    /// <param name="picture">The decoded photo.</param>
    /// <param name="photo">Its faces.</param>
    /// <param name="index">The face that is meant, or null.</param>
    /// <param name="minFacePixels">Least height of a face, in pixels of the full-size photo.</param>
    public static ReferenceReading Read(Picture picture, AnalyzedPhoto photo, int? index, int minFacePixels)
    {
        var candidates = FindCandidates(photo);
        var boxes = candidates.ConvertAll(face => face.Box);
        if (candidates.Count == 0)
        {
            return Without(ReferenceProblem.NoFace, null);
        }

        if (index < 0 || index >= candidates.Count)
        {
            return Without(ReferenceProblem.NoSuchFace, null);
        }

        var chosen = index is { } i ? candidates[i] : TryChoose(candidates, photo.Width, photo.Height);
        if (chosen is null)
        {
            return Without(ReferenceProblem.SeveralFaces, null);
        }

        if (chosen.Box.Height < minFacePixels)
        {
            return Without(ReferenceProblem.FaceTooSmall, chosen.Box);
        }

        var (quality, warnings) = ReferenceQuality.Judge(picture, chosen);
        return new ReferenceReading(null, boxes, chosen.Box, chosen.Embedding, quality, warnings, photo.Width, photo.Height);

        ReferenceReading Without(ReferenceProblem problem, Box? box) =>
            new(problem, boxes, box, null, 0, [], photo.Width, photo.Height);
    }

    /// <summary>The faces a person may mean, left to right.</summary>
    private static List<DetectedFace> FindCandidates(AnalyzedPhoto photo)
    {
        if (photo.Faces.Count == 0)
        {
            return [];
        }

        var largest = photo.Faces.Max(face => face.Box.Height);
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

        var byProminence = candidates.OrderByDescending(face => ProminenceOf(face.Box, width, height)).ToList();
        return ProminenceOf(byProminence[0].Box, width, height)
            >= DominatingFactor * ProminenceOf(byProminence[1].Box, width, height)
                ? byProminence[0]
                : null;
    }

    // Height, less so towards the photo's edges: whoever is photographed is in the middle.
    private static float ProminenceOf(Box box, int width, int height)
    {
        var fromMiddle = (box.Centre - new System.Numerics.Vector2(width / 2f, height / 2f)).Length();
        var toCorner = new System.Numerics.Vector2(width / 2f, height / 2f).Length();
        return box.Height * (1 - (fromMiddle / toCorner / 2));
    }
}
