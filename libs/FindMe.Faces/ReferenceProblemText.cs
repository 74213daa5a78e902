namespace FindMe.Faces;

/// <summary>What is said about a photo that does not serve as a reference: the same words in the page, over REST and in the shell.</summary>
/// <param name="Slug">A stable name for programs, such as <c>no-face</c>.</param>
/// <param name="Title">What is wrong, one sentence.</param>
/// <param name="Advice">What to do about it, one sentence or more.</param>
public sealed record ReferenceProblemText(string Slug, string Title, string Advice)
{
    /// <summary>The words for a photo.</summary>
    /// <param name="reading">What was read of the photo.</param>
    /// <param name="face">The face that was asked for, an index from 0, left to right; null: none.</param>
    /// <param name="howToChoose">How the caller says which face is meant, such as <c>--face</c>.</param>
    /// <returns>The words; null where the photo serves.</returns>
    public static ReferenceProblemText? Of(ReferenceAnalysis reading, int? face = null, string howToChoose = "the face index")
    {
        ArgumentNullException.ThrowIfNull(reading);
        var count = reading.Faces.Count;
        return reading.Problem switch
        {
            null => null,
            ReferenceProblem.NoFace => new("no-face", "No face was found.", "Use a photo of the face from the front, in good light, without sunglasses."),
            ReferenceProblem.SeveralFaces => new("several-faces", $"There are {count} faces.", $"Say which one with {howToChoose}, 0 to {count - 1}, counted from left to right."),
            ReferenceProblem.NoSuchFace => new("no-such-face", $"There is no face {face}.", $"Use {howToChoose} from 0 to {count - 1}, counted from left to right."),
            ReferenceProblem.FaceTooSmall => new("face-too-small", "The face is too small to be recognized.", "Move closer to the camera, or use a larger photo."),
            _ => new("unclear-face", "The face is not clear enough to be recognized.", string.Join(' ', reading.Warnings)),
        };
    }
}
