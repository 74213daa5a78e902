using Dapr.Client;
using FindMe.Faces;
using FindMe.Pipeline;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>Where the picture of a reference comes from.</summary>
internal enum ReferenceOrigin
{
    /// <summary>The person sent it.</summary>
    Selfie,

    /// <summary>It is the picture of their account.</summary>
    Avatar,

    /// <summary>It is the sample face of a demo.</summary>
    Sample,
}

/// <summary>A picture → the quality gate → an embedding, encrypted under the person's key. Wherever the picture came from.</summary>
internal sealed class ReferenceUpload(
    FaceReader faces,
    References references,
    ReferenceDeletion deletion,
    PersonKeys keys,
    Avatars avatars,
    DaprClient dapr,
    IOptions<ReferenceOptions> options,
    TimeProvider time)
{
    /// <summary>Takes a reference, or says why not.</summary>
    /// <param name="user">Whose face it is.</param>
    /// <param name="photo">The picture.</param>
    /// <param name="face">Which of its faces, counted from 0, left to right; null: its only one.</param>
    /// <param name="origin">Where the picture comes from. A selfie is compared with the picture of the person's account.</param>
    /// <param name="replace">Whether it replaces the earlier references, which are then deleted, and whose searches are cancelled.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<Results<Created<ReferenceResponse>, ProblemHttpResult>> TakeAsync(
        CurrentUser user, ReadOnlyMemory<byte> photo, int? face, ReferenceOrigin origin, bool replace, CancellationToken cancellationToken)
    {
        if (!replace && user.Person.References.Count >= options.Value.MaxPerPerson)
        {
            return TooMany;
        }

        var (reading, problem) = await TryReadAsync(photo, face, cancellationToken);
        if (reading is null || (problem = ProblemOf(reading, face)) is not null)
        {
            return problem!;
        }

        var question = origin != ReferenceOrigin.Selfie ? null : await avatars.QuestionAsync(user.Person.Accounts, reading.Embedding!, cancellationToken);
        if (replace && await deletion.DeleteAllAsync(user) is null)
        {
            return Problems.ConsentRequired;
        }

        return await AddAsync(
            user.Id, reading, origin == ReferenceOrigin.Sample, question is null ? reading.Warnings : [question, .. reading.Warnings], mayWait: true, cancellationToken);
    }

    /// <summary>Takes the face that a search found on a photo. Unlike a picture that is shown, it is refused where it is not clearly like the others.</summary>
    /// <param name="user">Whose face it is.</param>
    /// <param name="photo">The photo.</param>
    /// <param name="found">Where the face is, in fractions of the photo.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<Results<Created<ReferenceResponse>, ProblemHttpResult>> TakeFoundAsync(CurrentUser user, ReadOnlyMemory<byte> photo, FaceBox found, CancellationToken cancellationToken)
    {
        if (user.Person.References.Count >= options.Value.MaxPerPerson)
        {
            return TooMany;
        }

        var (reading, problem) = await TryReadAsync(photo, face: null, cancellationToken);
        if (reading is null)
        {
            return problem!;
        }

        var number = reading.Faces.ToList().FindIndex(face => Judgement.Overlap(Judgement.Fractions(BoxOf(face), reading.Width, reading.Height), found) >= Judgement.LeastOverlap);
        if (number < 0)
        {
            return Problems.Of(422, "face-too-small", "Your face is too small on this photo to find you by.", "Take a photo on which it is larger.");
        }

        if (reading.Box is not { } read || read != reading.Faces[number])
        {
            (reading, problem) = await TryReadAsync(photo, number, cancellationToken);
        }

        return reading is null || (problem = ProblemOf(reading, number)) is not null ? problem! : await AddAsync(user.Id, reading, isSample: false, reading.Warnings, mayWait: false, cancellationToken);
    }

    private async Task<(ReferenceAnalysis? Reading, ProblemHttpResult? Problem)> TryReadAsync(ReadOnlyMemory<byte> photo, int? face, CancellationToken cancellationToken)
    {
        try
        {
            return (await faces.ReadAsync(photo, face, cancellationToken), null);
        }
        catch (PhotoException exception)
        {
            return (null, exception.Problem == PhotoProblem.TooLarge
                ? Problems.TooLarge(options.Value.MaxBytes)
                : Problems.Of(422, "not-an-image", exception.Message, "Send a JPEG, PNG or WebP picture of your face."));
        }
    }

    // Others of the person may come at the same time: each is compared with all that are there at the moment it is written down.
    private async Task<Results<Created<ReferenceResponse>, ProblemHttpResult>> AddAsync(
        string person, ReferenceAnalysis reading, bool isSample, IReadOnlyList<string> warnings, bool mayWait, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var rule = faces.OnePerson;
        var summary = new ReferenceSummary
        {
            Id = CurrentUsers.NewId(),
            Recipe = faces.Recipe,
            Box = BoxOf(reading.Box!.Value),
            Width = reading.Width,
            Height = reading.Height,
            Quality = reading.Quality,
            Warnings = warnings,
            IsSample = isSample,
            CreatedAt = now,
            ExpiresAt = now + CurrentUsers.Retention,
        };
        await references.SaveAsync(person, summary.Id, new DecryptedReference(summary.Recipe, reading.Embedding!.ToBytes()), CurrentUsers.Retention, cancellationToken);
        var isAdded = false;
        try
        {
            while (true)
            {
                var known = await dapr.GetStateAsync<Person>(StateKeys.Store, StateKeys.Person(person), cancellationToken);
                var ids = (known?.WithoutExpired(now).References ?? []).Where(other => other.Recipe == summary.Recipe && other.IsSample == isSample).Select(other => other.Id).ToList();
                var distances = OnePerson.DistancesOf(reading.Embedding, ids, await references.ReadAsync(person, ids, cancellationToken));
                summary = summary with { Near = rule.NearOf(distances) };
                var (fit, isFull, isChanged) = (Fit.NotCompared, false, false);
                var written = await dapr.UpdatePersonAsync(
                    person,
                    current =>
                    {
                        // A selfie takes the place of the sample face, and is not compared with it.
                        var present = current.WithoutExpired(now);
                        present = isSample ? present : present with { References = [.. present.References.Where(reference => !reference.IsSample)] };
                        fit = rule.FitOf(present, distances);
                        isFull = present.References.Count >= options.Value.MaxPerPerson;
                        isChanged = !isFull && (fit is Fit.Used || (fit is Fit.Waiting && mayWait));
                        return isChanged ? present with { References = [.. present.References, summary] } : current;
                    },
                    cancellationToken);
                isAdded = isChanged && written is not null;
                if (written is null)
                {
                    // They deleted everything meanwhile: this must not be what is left of them.
                    await keys.ShredAsync(person, cancellationToken);
                    return Problems.ConsentRequired;
                }

                if (isFull)
                {
                    return TooMany;
                }

                switch (fit)
                {
                    case Fit.Used:
                        if (!isSample)
                        {
                            await deletion.DeleteSampleAsync(person, known!, cancellationToken);
                        }

                        return TypedResults.Created($"/api/references/{summary.Id}", ReferenceResponse.Of(summary, isUsed: true));
                    case Fit.Waiting when mayWait:
                        return NeedsAnother(ReferenceResponse.Of(summary, isUsed: false));
                    case Fit.OtherPerson or Fit.Waiting:
                        return mayWait ? OtherPerson : Unlike;
                    default:
                        continue;
                }
            }
        }
        finally
        {
            // Where the write failed it may have been done all the same: what stands in the person's document stays.
            if (!isAdded && (await dapr.GetStateAsync<Person>(StateKeys.Store, StateKeys.Person(person), CancellationToken.None))?.References.Any(other => other.Id == summary.Id) != true)
            {
                await references.DeleteAsync(person, summary.Id, CancellationToken.None);
            }
        }
    }

    private ProblemHttpResult TooMany => Problems.Of(
        409, "too-many-references", $"You have {options.Value.MaxPerPerson} selfies here.", "Delete one of them first.");

    private static ProblemHttpResult OtherPerson { get; } = Problems.Of(
        409,
        "another-person",
        "This is not the face you showed before.",
        "FindMe looks for one person. Show another photo of the same face; or send replace=true, which deletes the earlier ones and cancels their searches.");

    private static ProblemHttpResult Unlike { get; } = Problems.Of(
        409, "unlike-selfies", "This face is not like your selfies.", "You are found by those you have; what you said of the photo stays.");

    private static ProblemHttpResult NeedsAnother(ReferenceResponse reference) => Problems.Of(
        422,
        "needs-another-photo",
        "FindMe is not sure that this is the face you showed before.",
        "The photo is kept but not used yet. Show one more photo, from the front and in good light, that looks like both.",
        new() { ["reference"] = reference });

    private static ProblemHttpResult? ProblemOf(ReferenceAnalysis reading, int? face) =>
        ReferenceProblemText.Of(reading, face, "the field face") is { } text
            ? Problems.Of(422, text.Slug, text.Title, text.Advice, reading.Problem == ReferenceProblem.SeveralFaces
                ? new() { ["faces"] = reading.Faces.Select(BoxOf), ["width"] = reading.Width, ["height"] = reading.Height }
                : null)
            : null;

    private static FaceBox BoxOf(Box box) => new(box.X, box.Y, box.Width, box.Height);
}
