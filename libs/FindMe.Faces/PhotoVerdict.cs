namespace FindMe.Faces;

/// <summary>Whether a photo shows a person.</summary>
public enum MatchKind
{
    /// <summary>No face in it is close enough.</summary>
    No,

    /// <summary>The closest face is likely the person's, but others come as close.</summary>
    Maybe,

    /// <summary>The closest face is the person's.</summary>
    Match,
}

/// <summary>What a photo says about one person; nothing about anybody else in it.</summary>
/// <param name="Kind">The verdict.</param>
/// <param name="Box">Where the person's face is; null with <see cref="MatchKind.No"/>, unless distances beyond a maybe were asked for.</param>
/// <param name="Distance">Distance of that face from the nearest reference, 0 or more; null where <paramref name="Box"/> is.</param>
/// <param name="Confidence">
/// Probability, 0 to 1, that a face at this distance is the person's, where one face in 20 is; null where
/// <paramref name="Box"/> is. It falls as the distance grows: a maybe shows less than any match.
/// </param>
public sealed record PhotoVerdict(MatchKind Kind, Box? Box, float? Distance, float? Confidence)
{
    internal static PhotoVerdict No { get; } = new(MatchKind.No, null, null, null);
}
