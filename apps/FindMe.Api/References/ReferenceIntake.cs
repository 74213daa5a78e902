using FindMe.Faces;
using FindMe.Pipeline;
using FindMe.Pipeline.Dapr;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>A picture → the quality gate → an embedding, encrypted under the person's key. Wherever the picture came from.</summary>
internal sealed class ReferenceIntake(
    FaceReader faces, References references, PersonKeys keys, Avatars avatars, DaprClient dapr, IOptions<ReferenceOptions> options, TimeProvider time)
{
    /// <summary>Takes a reference, or says why not.</summary>
    /// <param name="caller">Whose face it is.</param>
    /// <param name="photo">The picture.</param>
    /// <param name="face">Which of its faces, counted from 0, left to right; null: its only one.</param>
    /// <param name="isAvatar">Whether it is the picture of their account; another one is compared with that.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<Results<Created<ReferenceView>, ProblemHttpResult>> TakeAsync(
        Caller caller, ReadOnlyMemory<byte> photo, int? face, bool isAvatar, CancellationToken cancellationToken)
    {
        if (caller.Person.References.Count >= options.Value.MaxPerPerson)
        {
            return Problems.Of(409, "too-many-references", $"You have shown your face {caller.Person.References.Count} times.", "Delete one of your references first.");
        }

        ReferenceReading reading;
        try
        {
            reading = await faces.ReadAsync(photo, face, cancellationToken);
        }
        catch (PhotoException exception)
        {
            return exception.Problem == PhotoProblem.TooLarge
                ? Problems.TooLarge(options.Value.MaxBytes)
                : Problems.Of(422, "not-an-image", exception.Message, "Send a JPEG, PNG or WebP picture of your face.");
        }

        if (ProblemOf(reading, face) is { } unusable)
        {
            return unusable;
        }

        var question = isAvatar ? null : await avatars.QuestionAsync(caller.Person.Accounts, reading.Embedding!, cancellationToken);
        var now = time.GetUtcNow();
        var summary = new ReferenceSummary
        {
            Id = Callers.NewId(),
            Recipe = faces.Recipe,
            Box = BoxOf(reading.Box!.Value),
            Width = reading.Width,
            Height = reading.Height,
            Quality = reading.Quality,
            Warnings = question is null ? reading.Warnings : [question, .. reading.Warnings],
            CreatedAt = now,
            ExpiresAt = now + Callers.Retention,
        };
        await references.SaveAsync(
            caller.Id, summary.Id, new OpenReference(summary.Recipe, reading.Embedding!.ToBytes()), Callers.Retention, cancellationToken);
        var person = await dapr.UpdatePersonAsync(
            caller.Id, current => current with { References = [.. current.References, summary] }, cancellationToken);
        if (person is null)
        {
            // They deleted everything meanwhile: this must not be what is left of them.
            await references.DeleteAsync(caller.Id, summary.Id, cancellationToken);
            await keys.ShredAsync(caller.Id, cancellationToken);
            return Problems.ConsentRequired;
        }

        return TypedResults.Created($"/api/references/{summary.Id}", ReferenceView.Of(summary));
    }

    private static ProblemHttpResult? ProblemOf(ReferenceReading reading, int? face) => reading.Problem switch
    {
        ReferenceProblem.NoFace => Problems.Of(422, "no-face", "There is no face to be seen.", "Take a picture of your face from the front, in good light, without sunglasses."),
        ReferenceProblem.SeveralFaces => Problems.Of(
            422,
            "several-faces",
            $"There are {reading.Faces.Count} faces.",
            "Say which one is yours: send the picture again with the field face, counted from 0, left to right.",
            new() { ["faces"] = reading.Faces.Select(BoxOf), ["width"] = reading.Width, ["height"] = reading.Height }),
        ReferenceProblem.FaceTooSmall => Problems.Of(422, "face-too-small", "Your face is too small on this picture.", "Come closer to the camera, or crop the picture."),
        ReferenceProblem.Unclear => Problems.Of(422, "unclear-face", "Your face cannot be made out well enough to be found.", string.Join(' ', reading.Warnings)),
        ReferenceProblem.NoSuchFace => Problems.Of(
            422, "no-such-face", $"There is no face number {face}.", $"The picture has {reading.Faces.Count}; count from 0, left to right."),
        _ => null,
    };

    private static FaceBox BoxOf(Box box) => new(box.X, box.Y, box.Width, box.Height);
}
