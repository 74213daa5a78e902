using Microsoft.AspNetCore.Http.HttpResults;

namespace FindMe.Api;

/// <summary>The problems that responses report, in the terms of RFC 9457: a stable slug as <c>type</c>, what is wrong, and what to do.</summary>
internal static class Problems
{
    public static ProblemHttpResult ConsentRequired { get; } = Of(
        403, "consent-required", "FindMe needs your consent first.", "Read what FindMe computes and keeps at GET /api/consent, and consent with POST /api/consent.");

    public static ProblemHttpResult NotFound { get; } = Of(
        404, "not-found", "There is nothing here.", "It was deleted, it has expired, or it is not yours.");

    public static ProblemHttpResult NoReference { get; } = Of(
        422, "no-reference", "FindMe has no selfie of you yet.", "Add one with POST /api/references.");

    public static ProblemHttpResult NoDistance { get; } = Of(
        400, "within-out-of-range", "`within` must be a distance from 0 to 2.", "Omit it, or send a number such as 1.2.");

    public static ProblemHttpResult NotLogged { get; } = Of(
        503, "not-logged", "FindMe cannot write its audit log, so it starts no search.", "Tell the operator, and try again later.");

    public static ProblemHttpResult ForeignOrigin { get; } = Of(
        403, "foreign-origin", "Another site tried to act for you.", "Use FindMe's own page.");

    public static ProblemHttpResult TooManyRequests(double seconds) => Of(
        429, "too-many-requests", "Too many requests.", $"Try again in {seconds:0} s.");

    public static ProblemHttpResult TooManySignIns(double seconds) => Of(
        429, "too-many-sign-ins", "Too many attempts to sign in.", $"Try again in {Math.Ceiling(seconds / 60):0} minutes.");

    public static ProblemHttpResult Busy(double seconds) => Of(
        503, "busy", "FindMe is receiving as many files as it can right now.", $"Try again in {seconds:0} s.");

    public static ProblemHttpResult TooSlow { get; } = Of(
        408, "too-slow", "The upload was too slow.", "Send a smaller file, or try again with a faster connection.");

    public static ProblemHttpResult TooLarge(long bytes) => Of(
        413, "too-large", $"The picture has more than {bytes >> 20} MB.", "Send a smaller one; an ordinary phone photo is enough.");

    /// <summary>Builds a problem.</summary>
    /// <param name="status">The HTTP status.</param>
    /// <param name="type">The slug.</param>
    /// <param name="title">What is wrong, one sentence for the person.</param>
    /// <param name="detail">What to do.</param>
    /// <param name="more">Extension members; null if none.</param>
    public static ProblemHttpResult Of(int status, string type, string title, string detail, Dictionary<string, object?>? more = null) =>
        TypedResults.Problem(statusCode: status, type: type, title: title, detail: detail, extensions: more);
}
