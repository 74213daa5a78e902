using FindMe.Faces;
using FindMe.Pipeline;

namespace FindMe.Api;

/// <summary>Applies the album's margin to the verdicts of an ended search: where people look alike, a face must be nearer than usual.</summary>
/// <remarks>
/// A function of the stored verdicts, whatever their order, so it is not stored. While photos arrive, and after a search continues, verdicts
/// are those of the usual distances. What the person says of a face stands above it, and never changes it: photos must not come and go while
/// they judge. Photos of authors who opt out later still count as background, so their opting out changes no other verdict.
/// </remarks>
internal sealed class AlbumMargins(FaceReader faces)
{
    /// <summary>Applies the margin; returns the same snapshot if it is 0, or the search has not ended.</summary>
    public SearchSnapshot Apply(SearchSnapshot snapshot)
    {
        // The distances of another recipe mean something else.
        if (!snapshot.IsEnded() || snapshot.Search.Recipe != faces.Recipe)
        {
            return snapshot;
        }

        var margin = faces.AlbumMarginOf(snapshot.Batches.SelectMany(batch => batch.Photos).Select(photo => photo.Verdict).OfType<Verdict>().Select(Background));
        return margin > 0
            ? snapshot with { AlbumMargin = margin, Batches = [.. snapshot.Batches.Select(batch => batch with { Photos = [.. batch.Photos.Select(photo => Decide(photo, margin))] })] }
            : snapshot;
    }

    // Only photos with a near face have a fingerprint; copies of others count each time.
    private static AlbumPhoto Background(Verdict verdict) =>
        new(Math.Max(verdict.Faces ?? 0, verdict.Distance is null ? 0 : 1), verdict.Distance, PhotoFingerprint.TryParse(verdict.Fingerprint));

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
