using System.Globalization;
using FindMe.Faces;
using FindMe.Recognition;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;

namespace FindMe.Vision;

/// <summary>The problems that responses report, in the terms of RFC 9457: a stable slug as <c>type</c>, what is wrong, and what to do.</summary>
internal static class Problems
{
    public static ProblemHttpResult Of(int status, string type, string title, string detail) =>
        TypedResults.Problem(statusCode: status, type: type, title: title, detail: detail);

    /// <summary>Responds with a problem, in the payload format of the request's path.</summary>
    public static Task AnswerAsync(HttpContext context, RequestException request)
    {
        if (AwsLambdaFace.Handles(context.Request))
        {
            return AwsLambdaFace.AnswerAsync(context, request);
        }

        if (request.RetryAfter is { } time)
        {
            context.Response.Headers.RetryAfter = time.TotalSeconds.ToString(CultureInfo.InvariantCulture);
        }

        return Of(request.Status, request.Type, request.Message, request.Detail).ExecuteAsync(context);
    }
}

/// <summary>A request failed for a reason that the client can fix or, from status 500 on, the operator.</summary>
/// <param name="status">The HTTP status, 400 to 503.</param>
/// <param name="type">The slug.</param>
/// <param name="title">What is wrong, one sentence.</param>
/// <param name="detail">What to do.</param>
/// <param name="retryAfter">With 503, the whole seconds after which to retry.</param>
internal sealed class RequestException(int status, string type, string title, string detail, TimeSpan? retryAfter = null) : Exception(title)
{
    // The operator must read the log and fix something first.
    private static readonly TimeSpan OperatorTime = TimeSpan.FromMinutes(1);

    public int Status { get; } = status;

    public string Type { get; } = type;

    public string Detail { get; } = detail;

    public TimeSpan? RetryAfter { get; } = retryAfter;

    /// <summary>The queue of <see cref="VisionOptions.RequestsWaiting"/> requests is full.</summary>
    public static RequestException TooBusy => new(503, "too-busy", "Too many requests are waiting.", "Try again in a few seconds.", TimeSpan.FromSeconds(5));

    /// <summary>A defect of the service.</summary>
    public static RequestException Failed => new(500, "failed", "The service failed.", "Try again; if that does not help, ask the operator.");

    /// <summary>The body is larger than <see cref="VisionOptions.MaxBodyBytes"/>.</summary>
    public static RequestException TooLarge => new(413, "too-large", "The request is too large.", "Send fewer or smaller pictures.");

    /// <summary>A file that the operator provides cannot be used.</summary>
    public static RequestException Unusable(string type, string title, string detail) => new(503, type, title, detail, OperatorTime);

    /// <summary>The problem of a picture that cannot be decoded.</summary>
    public static RequestException Of(PhotoException exception) => exception.Problem switch
    {
        PhotoProblem.TooLarge or PhotoProblem.TooManyPixels => new RequestException(413, "too-large", exception.Message, "Send a smaller one: 2,000 pixels on the longer side are enough."),
        PhotoProblem.NotAnImage or PhotoProblem.Heic or PhotoProblem.UnsupportedFormat =>
            new RequestException(415, "not-an-image", exception.Message, "Send a JPEG, PNG, WebP, GIF, AVIF or TIFF picture."),
        _ => new RequestException(422, "damaged-image", exception.Message, "Save the picture again, or send another one."),
    };

    /// <summary>The problem of a body that could not be read; null if the client is not at fault.</summary>
    public static RequestException? Of(BadHttpRequestException exception) => exception.StatusCode switch
    {
        StatusCodes.Status413PayloadTooLarge => TooLarge,
        >= 400 and < 500 => new RequestException(400, "bad-request", "The request is malformed or incomplete.", "Send the complete request again."),
        _ => null,
    };
}

/// <summary>Translates exceptions into problems. Those that the client did not cause are logged as errors.</summary>
internal sealed partial class RequestFailures(ILogger<RequestFailures> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        var request = TryExplain(exception);
        if (request is { Status: StatusCodes.Status503ServiceUnavailable })
        {
            // The message goes to the log only, because it may name folders.
            LogUnusable(logger, httpContext.Request.Path, exception.Message);
        }

        if (request is null)
        {
            // The framework logs the exception and responds with a problem.
            if (!AwsLambdaFace.Handles(httpContext.Request))
            {
                return false;
            }

            LogFailed(logger, exception, httpContext.Request.Path);
            request = RequestException.Failed;
        }

        await Problems.AnswerAsync(httpContext, request);
        return true;
    }

    // Null when neither the client nor the operator can fix it.
    private static RequestException? TryExplain(Exception exception) => exception switch
    {
        RequestException request => request,
        PhotoException photo => RequestException.Of(photo),
        FaceVectorsException vectors => new RequestException(422, "unusable-vectors", vectors.Message, "Create them again with POST /faces/train."),
        BadHttpRequestException bad => RequestException.Of(bad),
        ModelException => RequestException.Unusable("no-classifier", "The classifier cannot be used.", "Ask the operator: the log says why. The face endpoints work without it."),
        PeopleException => RequestException.Unusable("unusable-people", "The file of this model cannot be used.", "Ask the operator: the log says why."),
        _ => null,
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Path} answered 503: {Reason}")]
    private static partial void LogUnusable(ILogger logger, string path, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Path} failed.")]
    private static partial void LogFailed(ILogger logger, Exception exception, string path);
}
