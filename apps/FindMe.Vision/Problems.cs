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

    /// <summary>Everything that is no endpoint.</summary>
    public static void MapUnknownRoutes(this IEndpointRouteBuilder routes) =>
        routes.MapFallback("/{**rest}", () => Of(404, "not-found", "There is nothing here.", "GET /openapi/v1.json lists what there is.")).ExcludeFromDescription();
}

/// <summary>A request cannot be answered, and the one who sent it can do something about it.</summary>
/// <param name="status">The HTTP status, 400 to 499.</param>
/// <param name="type">The slug.</param>
/// <param name="title">What is wrong, for a person.</param>
/// <param name="detail">The way out.</param>
internal sealed class RequestException(int status, string type, string title, string detail) : Exception(title)
{
    public int Status { get; } = status;

    public string Type { get; } = type;

    public string Detail { get; } = detail;

    /// <summary>The body is larger than <see cref="VisionOptions.MaxBodyBytes"/>.</summary>
    public static RequestException TooLarge => new(413, "too-large", "The request is too large.", "Send fewer or smaller pictures.");

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
internal sealed class RequestFailures : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (TryExplain(exception) is not { } request)
        {
            return false;
        }

        await Problems.Of(request.Status, request.Type, request.Message, request.Detail).ExecuteAsync(httpContext);
        return true;
    }

    /// <summary>What the sender can do about an exception; null where it is none of theirs.</summary>
    public static RequestException? TryExplain(Exception exception) => exception switch
    {
        RequestException request => request,
        PhotoException photo => RequestException.Of(photo),
        FaceVectorsException vectors => new RequestException(422, "unusable-vectors", vectors.Message, "Make them anew with POST /faces/train."),
        BadHttpRequestException bad => RequestException.Of(bad),
        _ => null,
    };
}
