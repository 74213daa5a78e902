using Dapr;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace FindMe.Pipeline;

/// <summary>
/// The sidecar, its store or its broker does not answer: 503. Dapr then delivers the message again, and a person's page asks again. One
/// line in the log: it is no defect of the app. Everything else that is thrown is, and answers 500.
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
            ? ("data-damaged", "FindMe's data is damaged.", "Trying again does not help. Whoever runs this FindMe must restore a copy of its data folder, or start it with another --data folder; its log names the file.")
            : ("unavailable", "FindMe's store or queue does not answer.", "Try again in a moment. If that does not help, whoever runs this FindMe finds the reason in its log.");
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

    [LoggerMessage(Level = LogLevel.Error, Message = "{Path} failed, since the data is damaged or its disk fails ({Reason}): restore a copy of the data folder, or start with another --data folder")]
    private static partial void LogDamaged(ILogger logger, string path, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Path} could not be done and is to be tried again: {Reason}")]
    private static partial void LogUnavailable(ILogger logger, string path, string reason);
}
