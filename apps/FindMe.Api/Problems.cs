using Microsoft.AspNetCore.Http.HttpResults;

namespace FindMe.Api;

/// <summary>What can go wrong, in the terms of RFC 9457: a stable slug as <c>type</c>, what is wrong, and the way out.</summary>
internal static class Problems
{
    public static ProblemHttpResult ConsentRequired { get; } = Of(
        403, "consent-required", "FindMe needs your consent first.", "Read what FindMe computes and keeps at GET /api/consent, and agree with POST /api/consent.");

    public static ProblemHttpResult NotFound { get; } = Of(
        404, "not-found", "There is nothing here.", "It was deleted, it has expired, or it is not yours.");

    public static ProblemHttpResult NoReference { get; } = Of(
        422, "no-reference", "FindMe does not know your face yet.", "Show your face first with POST /api/references.");

    public static ProblemHttpResult NoDistance { get; } = Of(
        400, "within-out-of-range", "`within` must be a distance from 0 to 2.", "Leave it out, or send a number such as 1.2.");

    public static ProblemHttpResult NotLogged { get; } = Of(
        503, "not-logged", "FindMe cannot write its audit log, so it searches for nobody.", "Nothing has begun. Tell whoever runs this FindMe, and try again later.");

    public static ProblemHttpResult ForeignOrigin { get; } = Of(
        403, "foreign-origin", "Another site tried to act for you.", "Use FindMe's own page.");

    public static ProblemHttpResult TooManyRequests(double seconds) => Of(
        429, "too-many-requests", "That was too much at once.", $"Go on in {seconds:0} s.");

    public static ProblemHttpResult TooManySignIns(double seconds) => Of(
        429, "too-many-sign-ins", "There were too many attempts to sign in.", $"Try again in {Math.Ceiling(seconds / 60):0} minutes.");

    public static ProblemHttpResult Busy(double seconds) => Of(
        503, "busy", "FindMe takes in as many files as it can just now.", $"Try again in {seconds:0} s.");

    public static ProblemHttpResult TooSlow { get; } = Of(
        408, "too-slow", "The file came too slowly.", "Send a smaller one, or try again with a faster connection.");

    public static ProblemHttpResult TooLarge(long bytes) => Of(
        413, "too-large", $"The picture has more than {bytes >> 20} MB.", "Send a smaller one; a phone's ordinary photo is enough.");

    /// <summary>A problem.</summary>
    /// <param name="status">The HTTP status.</param>
    /// <param name="type">The slug.</param>
    /// <param name="title">What is wrong, for a person.</param>
    /// <param name="detail">The way out.</param>
    /// <param name="more">Extension members; null: none.</param>
    public static ProblemHttpResult Of(int status, string type, string title, string detail, Dictionary<string, object?>? more = null) =>
        TypedResults.Problem(statusCode: status, type: type, title: title, detail: detail, extensions: more);
}
