using Microsoft.AspNetCore.Http;

namespace FindMe.Pipeline;

/// <summary>A subscriber's answer to Dapr. A thrown exception also has the message redelivered, like <see cref="Retry"/>, and is logged.</summary>
/// <remarks>Dapr acts on the body of a 2xx response, drops the message on 404, and redelivers it on any other status.</remarks>
public sealed class Delivery : IResult
{
    private readonly string _status;

    private Delivery(string status) => _status = status;

    /// <summary>The message was handled.</summary>
    public static Delivery Done { get; } = new("SUCCESS");

    /// <summary>The message can never be handled, or not for a while: Dapr dead-letters it at once. Log the reason first.</summary>
    public static Delivery Drop { get; } = new("DROP");

    /// <summary>There was no time to handle the message: Dapr redelivers it. Log the reason first.</summary>
    public static Delivery Retry { get; } = new("RETRY");

    /// <inheritdoc />
    public Task ExecuteAsync(HttpContext httpContext) => httpContext.Response.WriteAsJsonAsync(new { status = _status }, httpContext.RequestAborted);
}
