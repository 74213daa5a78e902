using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace FindMe.Pipeline;

/// <summary>The CloudEvents envelope in which Dapr delivers a message.</summary>
/// <param name="Id">The event's id, set by FindMe: the same event always has the same id.</param>
/// <param name="Topic">The topic it was published to; on a dead-letter topic still the original one.</param>
/// <param name="TraceParent">Its trace context (W3C); empty or null if none.</param>
/// <param name="Time">When it was published (RFC 3339); empty or null if unknown.</param>
public abstract record ReceivedEvent(string? Id, string? Topic, string? TraceParent, string? Time);

/// <summary>The CloudEvents envelope with its message.</summary>
/// <param name="Id">The event's id, set by FindMe: the same event always has the same id.</param>
/// <param name="Topic">The topic it was published to; on a dead-letter topic still the original one.</param>
/// <param name="Data">The message; null when the publisher sent none or a malformed one.</param>
/// <param name="TraceParent">Its trace context (W3C); empty or null if none.</param>
/// <param name="Time">When it was published (RFC 3339); empty or null if unknown.</param>
public sealed record ReceivedEvent<T>(string? Id = null, string? Topic = null, T? Data = default, string? TraceParent = null, string? Time = null)
    : ReceivedEvent(Id, Topic, TraceParent, Time)
{
    /// <summary>Reads the envelope of a request.</summary>
    /// <remarks>A malformed envelope is returned without data: the framework's own 400 would make Dapr redeliver it again and again.</remarks>
    /// <param name="context">The request.</param>
    /// <exception cref="NewerSchemaException">A newer version of FindMe wrote the message: Dapr redelivers it, to another replica.</exception>
    [SuppressMessage("Design", "CA1000", Justification = "ASP.NET Core binds parameters through this method.")]
    public static async ValueTask<ReceivedEvent<T>> BindAsync(HttpContext context)
    {
        try
        {
            return await JsonSerializer.DeserializeAsync<ReceivedEvent<T>>(context.Request.Body, PipelineJson.Strict, context.RequestAborted)
                ?? Unreadable;
        }
        catch (JsonException)
        {
            return Unreadable;
        }
    }

    private static ReceivedEvent<T> Unreadable => new();
}
