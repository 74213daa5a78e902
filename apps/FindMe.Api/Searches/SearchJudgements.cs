using Dapr.Client;
using FindMe.Faces;
using FindMe.Pipeline;
using Microsoft.AspNetCore.Http.HttpResults;

namespace FindMe.Api;

/// <summary>What a person says of some photos of a search.</summary>
/// <param name="Judgements">1 to 200 of them.</param>
internal sealed record JudgementsBody(IReadOnlyList<JudgementBody>? Judgements);

/// <summary>What a person says of the face that was found on a photo.</summary>
/// <param name="Photo">The photo's id in the search.</param>
/// <param name="IsMe">Whether the face is theirs; null takes back what they said.</param>
internal sealed record JudgementBody(string? Photo, bool? IsMe);

/// <summary>POST judgements: "That's me", "That's not me", and undo. They hold for this search, for later ones, and for other copies of the photo.</summary>
internal static class SearchJudgements
{
    private const int Most = 200;

    public static void MapSearchJudgements(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/searches/{id}/judgements", JudgeAsync).RequireCaller(otherwise: Problems.NotFound)
            .WithSummary("Say of found faces whether they are yours; isMe: null takes it back.");

    /// <summary>The photo with what its person says of the face on it: not theirs is a no, theirs a match.</summary>
    public static BatchPhoto With(this BatchPhoto photo, PersonJudgements judgements) =>
        judgements.All.Count > 0
        && photo.Verdict is { Box: { } box } verdict
        && judgements.IsMe(photo, verdict.Fingerprint, Judgement.Fractions(box, verdict.Width!.Value, verdict.Height!.Value), verdict.FrameAt, PhotoFingerprint.AreOfSamePicture) is { } isMe
            ? photo with { Verdict = verdict with { IsMe = isMe, Kind = isMe ? VerdictKind.Match : VerdictKind.No } }
            : photo;

    private static async Task<Results<NoContent, ProblemHttpResult>> JudgeAsync(
        string id, JudgementsBody body, CurrentUser user, SearchReader reader, Judgements judgements, DaprClient dapr, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await reader.TryReadAsync(id, user.Id, cancellationToken) is not { } snapshot)
        {
            return Problems.NotFound;
        }

        if (body.Judgements is not { Count: >= 1 and <= Most } wanted || wanted.Any(judgement => judgement?.Photo is null))
        {
            return Problems.Of(400, "bad-judgements", $"`judgements` must be a list of 1 to {Most}, each with a `photo`.", "Send more of them in several requests.");
        }

        var candidates = snapshot.Batches.SelectMany(batch => batch.Photos).Where(photo => photo.Verdict?.Box is not null).DistinctBy(photo => photo.Id).ToDictionary(photo => photo.Id);
        if (!wanted.All(judgement => candidates.ContainsKey(judgement.Photo!)))
        {
            return Problems.NotFound;
        }

        // The last word on each photo.
        var said = wanted.GroupBy(judgement => judgement.Photo!).Select(judgements => (Photo: candidates[judgements.Key], judgements.Last().IsMe)).ToList();
        var now = time.GetUtcNow();
        await judgements.UpdateAsync(
            user.Id,
            before => said.Aggregate(before, (all, judgement) => With(all, judgement.Photo, judgement.IsMe, now, id)),
            cancellationToken);
        if (await dapr.UpdatePersonAsync(user.Id, person => person, cancellationToken) is not null)
        {
            return TypedResults.NoContent();
        }

        // They deleted everything meanwhile: nothing of this may stay.
        await judgements.ForgetAsync(user.Id, CancellationToken.None);
        return Problems.NotFound;
    }

    // Whatever was said of the same face before gives way, also where it was said of another copy.
    private static IReadOnlyList<Judgement> With(IReadOnlyList<Judgement> all, BatchPhoto photo, bool? isMe, DateTimeOffset now, string search)
    {
        var judged = Judgement.On(photo, isMe ?? false, now, search);
        var others = all.Where(other => !other.IsAbout(photo, judged.Fingerprint, judged.Box, judged.FrameAt, PhotoFingerprint.AreOfSamePicture));
        return isMe is null ? [.. others] : [.. others, judged];
    }
}
