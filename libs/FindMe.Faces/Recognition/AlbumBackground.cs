namespace FindMe.Faces;

/// <summary>What one photo contributes to an album's background.</summary>
/// <param name="Faces">How many faces it shows.</param>
/// <param name="Distance">Distance of the nearest face from the person; null beyond <see cref="FaceEngine.OtherPersonDistance"/>, or without a face.</param>
/// <param name="Fingerprint">The picture's fingerprint, so that copies of one picture count once; null if unknown.</param>
public readonly record struct AlbumPhoto(int Faces, float? Distance, PhotoFingerprint? Fingerprint = null);

/// <summary>Step 7: the distances of all photos of an album → how much nearer than usual a face must be there.</summary>
/// <remarks>
/// The distances of an album's strangers show how alike its people look to the network. If their 5 % quantile is below the distance of certain
/// strangers, thresholds are lowered by the difference. The constants are measured in docs/accuracy.md, "Albums of one population".
/// </remarks>
internal static class AlbumBackground
{
    // In mixed albums 2 % of the strangers' faces are nearer than certain strangers, in the median.
    private const double NearestShare = 0.05;

    // With fewer strangers the quantile depends on a few faces. In albums of 60 random photos, two of 1,600 found photos became questions.
    private const int FewestStrangers = 100;

    // Small and blurred photos of the person miss the match distance and would pass for near strangers. In albums with more matches than this
    // share of the strangers' faces, there may be too many of them.
    private const double MostMatches = 0.1;

    /// <summary>Computes the margin.</summary>
    /// <param name="photos">All photos of the album.</param>
    /// <param name="matchDistance">Up to this distance a face counts as the person's, not as a stranger's.</param>
    /// <param name="otherPersonDistance">Distance of certain strangers.</param>
    /// <param name="most">The largest margin.</param>
    public static float MarginOf(IEnumerable<AlbumPhoto> photos, float matchDistance, float otherPersonDistance, float most)
    {
        var (strangers, matches, near) = (0, new List<AlbumPhoto>(), new List<AlbumPhoto>());
        foreach (var photo in photos)
        {
            if (photo.Distance <= matchDistance)
            {
                strangers += Math.Max(0, photo.Faces - 1);
                matches.Add(photo);
            }
            else
            {
                strangers += photo.Faces;
                if (photo.Distance <= otherPersonDistance)
                {
                    near.Add(photo);
                }
            }
        }

        var rank = (int)(NearestShare * (strangers - 1));
        return strangers < FewestStrangers || matches.Count > MostMatches * strangers || rank >= near.Count
            ? 0
            : Math.Clamp(otherPersonDistance - QuantileOf(near, matches, rank, otherPersonDistance), 0, most);
    }

    // Copies of a picture count once, with their nearest face, and not at all if one of them is a match.
    private static float QuantileOf(List<AlbumPhoto> near, List<AlbumPhoto> matches, int rank, float otherPersonDistance)
    {
        var known = matches.Select(photo => photo.Fingerprint).OfType<PhotoFingerprint>().ToList();
        foreach (var photo in near.OrderBy(photo => photo.Distance))
        {
            if (photo.Fingerprint is { } fingerprint)
            {
                if (known.Exists(fingerprint.IsSamePicture))
                {
                    continue;
                }

                known.Add(fingerprint);
            }

            if (rank-- == 0)
            {
                return photo.Distance!.Value;
            }
        }

        return otherPersonDistance;
    }
}
