namespace FindMe.Faces;

/// <summary>Why a photo does not serve as a reference.</summary>
public enum ReferenceProblem
{
    /// <summary>No face was found.</summary>
    NoFace,

    /// <summary>Several faces are candidates: say which one with the <c>face</c> index.</summary>
    SeveralFaces,

    /// <summary>The face has fewer pixels than <see cref="FaceEngineOptions.MinReferenceFacePixels"/>.</summary>
    FaceTooSmall,

    /// <summary>The face is too blurred, too dark, too bright or too far turned away to be compared: the warnings say which.</summary>
    Unclear,

    /// <summary>There is no face of the index that was given.</summary>
    NoSuchFace,
}

/// <summary>What a photo gives as a reference for a person.</summary>
/// <param name="Problem">Why it cannot serve; null if it can.</param>
/// <param name="Faces">The faces a person may choose from, left to right: what the <c>face</c> index counts.</param>
/// <param name="Box">The face that was taken; null with <see cref="ReferenceProblem.NoFace"/> and <see cref="ReferenceProblem.SeveralFaces"/>.</param>
/// <param name="Embedding">The face that was taken, to be compared; null with any problem.</param>
/// <param name="Quality">How well it serves, 0 (not at all) to 1 (nothing to improve).</param>
/// <param name="Warnings">What a person can do better, one plain sentence each; may be empty.</param>
/// <param name="Width">Width of the full-size photo, upright, in pixels.</param>
/// <param name="Height">Height of the full-size photo, upright, in pixels.</param>
public sealed record ReferenceAnalysis(
    ReferenceProblem? Problem,
    IReadOnlyList<Box> Faces,
    Box? Box,
    FaceEmbedding? Embedding,
    float Quality,
    IReadOnlyList<string> Warnings,
    int Width,
    int Height)
{
    /// <summary>Quarter turns, clockwise, by which the face that was taken lies away from upright, 0 to 3: of a photo whose pixels lie on their side, 1 or 3.</summary>
    public int QuarterTurns { get; init; }
}
