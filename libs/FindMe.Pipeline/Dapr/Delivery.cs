using Microsoft.AspNetCore.Http;

namespace FindMe.Pipeline;

/// <summary>A subscriber's answer to Dapr. An exception has the message delivered again, as <see cref="Retry"/> does, and stands in the log.</summary>
/// <remarks>Dapr acts on the body of a 2xx answer, drops the message on 404 and delivers it again on any other status.</remarks>
public sealed class Delivery : IResult
{
    private readonly string _status;

    private Delivery(string status) => _status = status;

    /// <summary>The message is dealt with.</summary>
    public static Delivery Done { get; } = new("SUCCESS");

    /// <summary>The message can never be dealt with, or not for a while: it goes to the dead-letter topic at once. Log why before.</summary>
    public static Delivery Drop { get; } = new("DROP");

    /// <summary>The message is to be delivered again: there was no time for it. Log why before.</summary>
    public static Delivery Retry { get; } = new("RETRY");

    /// <inheritdoc />
    public Task ExecuteAsync(HttpContext httpContext) => httpContext.Response.WriteAsJsonAsync(new { status = _status }, httpContext.RequestAborted);
}
