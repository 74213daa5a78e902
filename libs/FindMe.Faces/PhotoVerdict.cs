namespace FindMe.Faces;

/// <summary>Whether a photo shows a person.</summary>
public enum MatchKind
{
    /// <summary>No face is close enough.</summary>
    No,

    /// <summary>The closest face is likely the person's, but faces of other people can be as close.</summary>
    Maybe,

    /// <summary>The closest face is the person's.</summary>
    Match,
}

/// <summary>Whether and where a photo shows one person. Holds no data about other people in the photo.</summary>
/// <param name="Kind">The verdict.</param>
/// <param name="Box">The person's face. Null with <see cref="MatchKind.No"/>, unless the caller asked for distances beyond a maybe.</param>
/// <param name="Distance">Distance of that face from the nearest reference, 0 or more; null if <paramref name="Box"/> is null.</param>
/// <param name="Confidence">
/// Probability, 0 to 1, that a face at this distance is the person's, assuming that one face in 20 is; null if <paramref name="Box"/> is
/// null. It decreases with the distance, so a maybe always has a lower confidence than a match.
/// </param>
public sealed record PhotoVerdict(MatchKind Kind, Box? Box, float? Distance, float? Confidence)
{
    internal static PhotoVerdict No { get; } = new(MatchKind.No, null, null, null);
}
