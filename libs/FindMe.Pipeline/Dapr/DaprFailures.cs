using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace FindMe.Pipeline.Dapr;

/// <summary>
/// The sidecar, its store or its broker does not answer: 503. Dapr then delivers the message again, and a person's page asks again. One
/// line in the log: it is no defect of the app. Everything else that is thrown is, and answers 500.
/// </summary>
internal sealed partial class DaprFailures(IProblemDetailsService problems, ILogger<DaprFailures> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is not DaprException)
        {
            return false;
        }

        LogUnavailable(logger, httpContext.Request.Path, exception.Message);
        httpContext.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        httpContext.Response.Headers.RetryAfter = "1";
        await problems.TryWriteAsync(new ProblemDetailsContext
        {
            HttpContext = httpContext,
            ProblemDetails =
            {
                Status = StatusCodes.Status503ServiceUnavailable,
                Type = "unavailable",
                Title = "FindMe's store or queue does not answer.",
                Detail = "Nothing is lost. Try again in a moment.",
            },
        });
        return true;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Path} could not be done and is to be tried again: {Reason}")]
    private static partial void LogUnavailable(ILogger logger, string path, string reason);
}
