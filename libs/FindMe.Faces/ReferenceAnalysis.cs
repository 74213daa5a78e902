namespace FindMe.Faces;

/// <summary>Why a photo cannot be used as a reference.</summary>
public enum ReferenceProblem
{
    /// <summary>No face was found.</summary>
    NoFace,

    /// <summary>The photo has several candidate faces; choose one with the <c>face</c> index.</summary>
    SeveralFaces,

    /// <summary>The face has fewer pixels than <see cref="FaceEngineOptions.MinReferenceFacePixels"/>.</summary>
    FaceTooSmall,

    /// <summary>The face is too blurred, dark, bright or far turned away to be compared; the warnings say which.</summary>
    Unclear,

    /// <summary>The <c>face</c> index is out of range.</summary>
    NoSuchFace,
}

/// <summary>Whether a photo can be used as a reference, and its face.</summary>
/// <param name="Problem">Why it cannot be used; null if it can.</param>
/// <param name="Faces">The candidate faces, left to right, in the order of the <c>face</c> index.</param>
/// <param name="Box">The chosen face; null if none was chosen.</param>
/// <param name="Embedding">Embedding of the chosen face; null with any problem.</param>
/// <param name="Quality">Suitability as a reference, 0 (useless) to 1 (nothing to improve).</param>
/// <param name="Warnings">Advice to the person, one sentence each; may be empty.</param>
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
    /// <summary>Clockwise rotation of the chosen face from upright, in quarter turns, 0 to 3; 1 or 3 if the photo is stored on its side.</summary>
    public int QuarterTurns { get; init; }
}
