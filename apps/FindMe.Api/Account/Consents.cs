using Dapr.Client;
using FindMe.Pipeline;
using Microsoft.AspNetCore.Http.HttpResults;

namespace FindMe.Api;

/// <summary>The consent that a person gives before any biometric processing.</summary>
/// <param name="Version">Changes with the text; consent to an older version does not count.</param>
/// <param name="Title">The heading.</param>
/// <param name="Accepted">Whether the person consented to this version.</param>
/// <param name="Days">How long references and results are kept, in days.</param>
/// <param name="Summary">The same in three sentences.</param>
/// <param name="Sections">What is computed, stored and deleted.</param>
/// <param name="Statement">The statement that the person makes by consenting.</param>
internal sealed record ConsentText(
    string Version, string Title, bool Accepted, int Days, IReadOnlyList<string> Summary, IReadOnlyList<ConsentSection> Sections, string Statement);

/// <summary>A part of the consent text.</summary>
/// <param name="Title">Its heading.</param>
/// <param name="Body">Its text.</param>
internal sealed record ConsentSection(string Title, string Body);

/// <summary>A person's consent.</summary>
/// <param name="Version">The version of the text that they read.</param>
internal sealed record ConsentGiven(string? Version);

/// <summary>Serves the consent text, and creates a person's document when they consent.</summary>
internal static class Consents
{
    private const string Version = "2026-12-2";

    private static readonly int Days = (int)CurrentUsers.Retention.TotalDays;

    private static readonly string[] Summary =
    [
        "FindMe turns your selfie into numbers and compares them with the faces in the photos you search.",
        $"Only you see the results. Everything is deleted after {Days} days, or as soon as you say so.",
        "Faces of other people are compared with yours and forgotten at once.",
    ];

    private static readonly ConsentSection[] Sections =
    [
        new("What is computed", "FindMe computes an embedding from your selfie: several hundred numbers that describe your face. It computes the same for every face in the photos you search, compares it with yours, and forgets it at once."),
        new("What is kept", $"Your embedding, encrypted with a key of your own; never the selfie itself. Your searches: the photos FindMe found you in, where your face is in them, and how sure FindMe is. What you say about photos, encrypted with your key, and the reports and links you make. All of it is deleted after {Days} days. Nobody else's embedding is ever stored."),
        new("Who sees it", "You, in this browser and in others that you open with a code from this one, and those you give a link to photos you chose. FindMe gives it to nobody else, and puts no face into logs or messages."),
        new("If you sign in", "Signing in is optional and is not consent. FindMe then keeps your handle and, encrypted with your key, the access that lets it search there in your name. It uses your account's picture only when you say so, and to ask you when a selfie does not look like it. Signing out or deleting everything gives the access back."),
        new("What is logged", "To notice misuse, the operator keeps a log for 90 days: who searched what and when, by a pseudonym and the handle you are signed in with, and how many photos were found. No face, no embedding."),
        new("How to delete it", "“Delete everything about me” deletes your key, your embeddings, your searches and their results at once, and withdraws your consent. You can do so at any time."),
    ];

    public static void MapConsent(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/consent", (Delegate)ReadAsync).WithSummary("The consent text.");
        routes.MapPost("/api/consent", AgreeAsync).WithSummary("Consent; the response sets the cookie that identifies the person.");
    }

    private static async Task<Ok<ConsentText>> ReadAsync(HttpContext context) => TypedResults.Ok(new ConsentText(
        Version,
        "Before FindMe looks for you",
        (await CurrentUsers.CurrentUserOfAsync(context))?.Person.ConsentVersion == Version,
        Days,
        Summary,
        Sections,
        "I will show my own face only, and I agree to what is described here and in the details."));

    private static async Task<Results<NoContent, ProblemHttpResult>> AgreeAsync(
        ConsentGiven given, HttpContext context, DaprClient dapr, TimeProvider time, CancellationToken cancellationToken)
    {
        if (given.Version != Version)
        {
            return Problems.Of(422, "consent-outdated", "The consent text has changed.", $"Read GET /api/consent again and consent to version {Version}.");
        }

        var now = time.GetUtcNow();
        if (await CurrentUsers.CurrentUserOfAsync(context) is { } user)
        {
            await dapr.UpdatePersonAsync(
                user.Id,
                person => person.ConsentVersion == Version ? person : person with { ConsentVersion = Version, ConsentAt = now },
                cancellationToken);
            return TypedResults.NoContent();
        }

        var (person, session) = (CurrentUsers.NewId(), CurrentUsers.NewSession());
        var document = new Person { ConsentVersion = Version, ConsentAt = now, VisitedAt = now, Sessions = [session] };
        await dapr.SaveStateAsync(StateKeys.Store, StateKeys.Person(person), document, CurrentUsers.Retention, cancellationToken);
        await CurrentUsers.SignInAsync(context, person, session);
        return TypedResults.NoContent();
    }
}
