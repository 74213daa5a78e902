using System.Globalization;
using FindMe.Faces;
using FindMe.Recognition;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;

namespace FindMe.Vision;

/// <summary>What can go wrong, in the terms of RFC 9457: a stable slug as <c>type</c>, what is wrong, and the way out.</summary>
internal static class Problems
{
    public static ProblemHttpResult Of(int status, string type, string title, string detail) =>
        TypedResults.Problem(statusCode: status, type: type, title: title, detail: detail);

    /// <summary>Says why a request cannot be answered, in the words of the payloads that its path speaks.</summary>
    public static Task AnswerAsync(HttpContext context, RequestException request)
    {
        if (AwsLambdaFace.Owns(context.Request))
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

/// <summary>A request cannot be answered, and somebody can do something about it: the one who sent it or, from 500 on, whoever runs the service.</summary>
/// <param name="status">The HTTP status, 400 to 503.</param>
/// <param name="type">The slug.</param>
/// <param name="title">What is wrong, for a person.</param>
/// <param name="detail">The way out.</param>
/// <param name="retryAfter">With 503, whole seconds until another try is worth it.</param>
internal sealed class RequestException(int status, string type, string title, string detail, TimeSpan? retryAfter = null) : Exception(title)
{
    // What is in the way is gone when somebody has read a log and set something right.
    private static readonly TimeSpan OperatorTime = TimeSpan.FromMinutes(1);

    public int Status { get; } = status;

    public string Type { get; } = type;

    public string Detail { get; } = detail;

    public TimeSpan? RetryAfter { get; } = retryAfter;

    /// <summary><see cref="VisionOptions.RequestsWaiting"/> of them wait.</summary>
    public static RequestException TooBusy => new(503, "too-busy", "Too many requests wait already.", "Send it again in a few seconds.", TimeSpan.FromSeconds(5));

    /// <summary>It is nobody's fault but the service's.</summary>
    public static RequestException Failed => new(500, "failed", "The service could not do it.", "Send it again; if that does not help, ask whoever runs the service.");

    /// <summary>The body is larger than <see cref="VisionOptions.MaxBodyBytes"/>.</summary>
    public static RequestException TooLarge => new(413, "too-large", "The request is too large.", "Send fewer or smaller pictures.");

    /// <summary>What the service was given by whoever runs it cannot be used.</summary>
    public static RequestException Unusable(string type, string title, string detail) => new(503, type, title, detail, OperatorTime);

    /// <summary>What is wrong with a picture.</summary>
    public static RequestException Of(PhotoException exception) => exception.Problem switch
    {
        PhotoProblem.TooLarge or PhotoProblem.TooManyPixels => new RequestException(413, "too-large", exception.Message, "Send it smaller: 2,000 pixels across are enough."),
        PhotoProblem.NotAnImage or PhotoProblem.Heic or PhotoProblem.UnsupportedFormat =>
            new RequestException(415, "not-an-image", exception.Message, "Send a JPEG, PNG, WebP, GIF, AVIF or TIFF picture."),
        _ => new RequestException(422, "damaged-image", exception.Message, "Save the picture again, or send another one."),
    };

    /// <summary>What is wrong with a body that the server did not read to its end; null where it is not the sender's fault.</summary>
    public static RequestException? Of(BadHttpRequestException exception) => exception.StatusCode switch
    {
        StatusCodes.Status413PayloadTooLarge => TooLarge,
        >= 400 and < 500 => new RequestException(400, "bad-request", "The request is broken or was cut off.", "Send it again, whole."),
        _ => null,
    };
}

/// <summary>Turns what is thrown over a request into its problem. What is not the sender's fault stays an error, and is logged as one.</summary>
internal sealed partial class RequestFailures(ILogger<RequestFailures> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        var request = TryExplain(exception);
        if (request is { Status: StatusCodes.Status503ServiceUnavailable })
        {
            // The exception's own message may name folders, which are no caller's business.
            LogUnusable(logger, httpContext.Request.Path, exception.Message);
        }

        if (request is null)
        {
            // Elsewhere the framework logs it, and answers with a problem.
            if (!AwsLambdaFace.Owns(httpContext.Request))
            {
                return false;
            }

            LogFailed(logger, exception, httpContext.Request.Path);
            request = RequestException.Failed;
        }

        await Problems.AnswerAsync(httpContext, request);
        return true;
    }

    // Null: nobody outside can do anything about it.
    private static RequestException? TryExplain(Exception exception) => exception switch
    {
        RequestException request => request,
        PhotoException photo => RequestException.Of(photo),
        FaceVectorsException vectors => new RequestException(422, "unusable-vectors", vectors.Message, "Make them anew with POST /faces/train."),
        BadHttpRequestException bad => RequestException.Of(bad),
        ModelException => RequestException.Unusable("no-classifier", "The classifier cannot be used.", "Ask whoever runs the service: its log says why. Faces do without it."),
        PeopleException => RequestException.Unusable("unusable-people", "The file of these people cannot be used.", "Ask whoever runs the service: its log says why."),
        _ => null,
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Path} cannot be answered: {Reason}")]
    private static partial void LogUnusable(ILogger logger, string path, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Path} failed.")]
    private static partial void LogFailed(ILogger logger, Exception exception, string path);
}
