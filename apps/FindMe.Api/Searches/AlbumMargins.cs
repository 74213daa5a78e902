using FindMe.Faces;
using FindMe.Pipeline;

namespace FindMe.Api;

/// <summary>The last word on an ended search: in an album whose people look alike, a face must be nearer than usual.</summary>
/// <remarks>
/// A function of the stored verdicts, whatever their order, so it is not stored. While photos arrive, and after a search continues, verdicts
/// are those of the usual distances. What the person says of a face stands above it, and never changes it: photos must not come and go while
/// they judge.
/// </remarks>
internal sealed class AlbumMargins(FaceReader faces)
{
    /// <summary>The search as its album decides; the same object where that changes nothing.</summary>
    public SearchSnapshot Apply(SearchSnapshot snapshot)
    {
        // The distances of another recipe mean something else.
        if (!snapshot.IsEnded() || snapshot.Search.Recipe != faces.Recipe)
        {
            return snapshot;
        }

        var margin = faces.AlbumMarginOf(PicturesOf(snapshot));
        return margin > 0
            ? snapshot with { AlbumMargin = margin, Batches = [.. snapshot.Batches.Select(batch => batch with { Photos = [.. batch.Photos.Select(photo => Decide(photo, margin))] })] }
            : snapshot;
    }

    // A picture that was posted a hundred times shows no more people than once. Only pictures with a near face have a fingerprint: the others
    // count each time, which makes the margin smaller, never larger.
    private static IEnumerable<AlbumPhoto> PicturesOf(SearchSnapshot snapshot)
    {
        var known = new List<PhotoFingerprint>();
        foreach (var verdict in snapshot.Batches.SelectMany(batch => batch.Photos).Select(photo => photo.Verdict).OfType<Verdict>())
        {
            if (PhotoFingerprint.TryParse(verdict.Fingerprint) is { } fingerprint)
            {
                if (known.Any(fingerprint.IsSamePicture))
                {
                    continue;
                }

                known.Add(fingerprint);
            }

            yield return new AlbumPhoto(verdict.Faces ?? 0, verdict.Distance);
        }
    }

    private BatchPhoto Decide(BatchPhoto photo, float margin)
    {
        if (photo.Verdict is not { Distance: { } distance } verdict)
        {
            return photo;
        }

        var (kind, confidence) = faces.VerdictAt(distance + margin);
        return photo with
        {
            Verdict = verdict with
            {
                Kind = kind switch
                {
                    MatchKind.Match => verdict.Kind,
                    MatchKind.Maybe when verdict.Kind == VerdictKind.Match => VerdictKind.Maybe,
                    MatchKind.Maybe => verdict.Kind,
                    _ => VerdictKind.No,
                },
                Confidence = confidence,
            },
        };
    }
}
