namespace FindMe.Faces;

/// <summary>What one photo contributes to an album's background.</summary>
/// <param name="Faces">How many faces it shows.</param>
/// <param name="Distance">Distance of the nearest face from the person; null beyond <see cref="FaceEngine.OtherPersonDistance"/>, or without a face.</param>
public readonly record struct AlbumPhoto(int Faces, float? Distance);

/// <summary>Step 7: the distances of all photos of an album → how much nearer than usual a face must be there.</summary>
/// <remarks>
/// The strangers of an album tell how alike its people look to the network. Where the nearest 5 % of them begin below the distance of certain
/// strangers, thresholds are reduced by the difference. The constants are measured in docs/accuracy.md, "Albums of one population".
/// </remarks>
internal static class AlbumBackground
{
    // Of the strangers' faces, this share may be nearer than the distance of certain strangers. In mixed albums 2 % are, in the median.
    private const double NearestShare = 0.05;

    // With fewer, the nearest 5 % are a few faces: chance. In albums of 60 photos by chance, two of 1,600 found photos became questions.
    private const int FewestStrangers = 100;

    /// <summary>Computes the margin.</summary>
    /// <param name="photos">All photos of the album.</param>
    /// <param name="matchDistance">Up to this distance a face counts as the person's, not as a stranger's.</param>
    /// <param name="otherPersonDistance">Distance of certain strangers.</param>
    /// <param name="most">The largest margin.</param>
    public static float MarginOf(IEnumerable<AlbumPhoto> photos, float matchDistance, float otherPersonDistance, float most)
    {
        var (strangers, near) = (0, new List<float>());
        foreach (var (faces, distance) in photos)
        {
            var isPerson = distance <= matchDistance;
            strangers += Math.Max(0, isPerson ? faces - 1 : faces);
            if (!isPerson && distance is { } stranger)
            {
                near.Add(stranger);
            }
        }

        var rank = (int)(NearestShare * (strangers - 1));
        if (strangers < FewestStrangers || rank >= near.Count)
        {
            return 0;
        }

        near.Sort();
        return Math.Clamp(otherPersonDistance - near[rank], 0, most);
    }
}
