using FindMe.Faces;
using FindMe.Pipeline;

namespace FindMe.Api;

/// <summary>Photos of matches that are one picture: posted again, made smaller, on two networks.</summary>
/// <param name="Photo">The id of the one that was listed first: it stands for all.</param>
/// <param name="Photos">The ids of all of them, in the order of the listing; 2 or more.</param>
/// <param name="Posts">All posts that carry the picture.</param>
internal sealed record PhotoGroup(string Photo, IReadOnlyList<string> Photos, IReadOnlyList<Post> Posts);

/// <summary>Groups the photos of matches by their fingerprints, when a search is read: verdicts stay one a photo.</summary>
/// <remarks>
/// Each photo joins the first group whose first photo it resembles. So a chain of small differences never joins two pictures that differ
/// much, and the groups do not depend on the order in which verdicts came.
/// </remarks>
internal static class PhotoGroups
{
    /// <summary>Every picture of the matches, with the photos that show it.</summary>
    /// <param name="photos">Settled photos, in the order of the listing; those that are no match are left out.</param>
    /// <param name="within">The distance up to which others count as well; null: none do.</param>
    public static List<List<BatchPhoto>> Of(IEnumerable<BatchPhoto> photos, float? within = null)
    {
        var groups = new List<(PhotoFingerprint? Fingerprint, List<BatchPhoto> Photos)>();
        foreach (var photo in photos.Where(photo => photo.Verdict?.IsShown(within) == true))
        {
            var fingerprint = PhotoFingerprint.TryParse(photo.Verdict!.Fingerprint);
            var group = fingerprint is null ? default : groups.FirstOrDefault(group => group.Fingerprint?.IsSamePicture(fingerprint) == true);
            if (group.Photos is null)
            {
                groups.Add((fingerprint, [photo]));
            }
            else
            {
                group.Photos.Add(photo);
            }
        }

        return [.. groups.Select(group => group.Photos)];
    }

    /// <summary>What a person is told of pictures that several photos show.</summary>
    public static PhotoGroup View(List<BatchPhoto> photos) =>
        new(photos[0].Id, [.. photos.Select(photo => photo.Id)], [.. photos.Select(photo => photo.Post).DistinctBy(post => post.Id)]);
}
