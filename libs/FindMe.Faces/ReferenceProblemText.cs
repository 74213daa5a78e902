namespace FindMe.Faces;

/// <summary>Error text for a photo that cannot be used as a reference; shared by the page, the REST API and the CLI.</summary>
/// <param name="Slug">Stable identifier for programs, such as <c>no-face</c>.</param>
/// <param name="Title">What is wrong, in one sentence.</param>
/// <param name="Advice">What to do, in one or more sentences.</param>
public sealed record ReferenceProblemText(string Slug, string Title, string Advice)
{
    /// <summary>Returns the text for an analysis.</summary>
    /// <param name="analysis">The analysis of the photo.</param>
    /// <param name="face">The requested face, an index from 0, left to right; null if the caller named none.</param>
    /// <param name="howToChoose">Name of the caller's parameter that chooses a face, such as <c>--face</c>.</param>
    /// <returns>Null if the photo can be used.</returns>
    public static ReferenceProblemText? Of(ReferenceAnalysis analysis, int? face = null, string howToChoose = "the face index")
    {
        ArgumentNullException.ThrowIfNull(analysis);
        var count = analysis.Faces.Count;
        return analysis.Problem switch
        {
            null => null,
            ReferenceProblem.NoFace => new("no-face", "No face was found.", "Use a photo of the face from the front, in good light, without sunglasses."),
            ReferenceProblem.SeveralFaces => new("several-faces", $"There are {count} faces.", $"Say which one with {howToChoose}, 0 to {count - 1}, counted from left to right."),
            ReferenceProblem.NoSuchFace => new("no-such-face", $"There is no face {face}.", $"Use {howToChoose} from 0 to {count - 1}, counted from left to right."),
            ReferenceProblem.FaceTooSmall => new("face-too-small", "The face is too small to be recognized.", "Move closer to the camera, or use a larger photo."),
            _ => new("unclear-face", "The face is not clear enough to be recognized.", string.Join(' ', analysis.Warnings)),
        };
    }
}
