using Dapr;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace FindMe.Pipeline;

/// <summary>
/// Answers 503 when the sidecar, its store or its broker fails. Dapr then redelivers the message, and the page retries its request. Logs one
/// line, because the app itself is not at fault. Every other exception is a defect of the app and answers 500.
/// </summary>
internal sealed partial class DaprFailures(IProblemDetailsService problems, ILogger<DaprFailures> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is not DaprException failure)
        {
            return false;
        }

        if (failure.IsDataDamaged())
        {
            LogDamaged(logger, httpContext.Request.Path, failure.Message);
        }
        else
        {
            LogUnavailable(logger, httpContext.Request.Path, failure.Message);
        }

        var (type, title, detail) = failure.IsDataDamaged()
            ? ("data-damaged", "FindMe's data is damaged.", "Retrying does not help. The operator must restore a backup of the data folder, or start with another --data folder; the log names the file.")
            : ("unavailable", "FindMe's store or queue does not answer.", "Try again in a moment. If that does not help, the operator finds the reason in the log.");
        httpContext.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        httpContext.Response.Headers.RetryAfter = "1";
        await problems.TryWriteAsync(new ProblemDetailsContext
        {
            HttpContext = httpContext,
            ProblemDetails =
            {
                Status = StatusCodes.Status503ServiceUnavailable,
                Type = type,
                Title = title,
                Detail = detail,
            },
        });
        return true;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Path} failed because the data is damaged or its disk fails ({Reason}): restore a backup of the data folder, or start with another --data folder.")]
    private static partial void LogDamaged(ILogger logger, string path, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Path} failed and answered 503, so that the caller retries: {Reason}")]
    private static partial void LogUnavailable(ILogger logger, string path, string reason);
}
