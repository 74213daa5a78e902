using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace FindMe.Pipeline;

/// <summary>The envelope in which Dapr delivers a message.</summary>
/// <param name="Id">The event's id; FindMe sets it, so that the same event has the same id.</param>
/// <param name="Topic">The topic it was published to; on a dead-letter topic still the original one.</param>
/// <param name="TraceParent">The trace it belongs to (W3C), empty or null: none.</param>
/// <param name="Time">When it was published (RFC 3339), empty or null: not known.</param>
public abstract record ReceivedEvent(string? Id, string? Topic, string? TraceParent, string? Time);

/// <summary>The envelope with its message.</summary>
/// <param name="Id">The event's id; FindMe sets it, so that the same event has the same id.</param>
/// <param name="Topic">The topic it was published to; on a dead-letter topic still the original one.</param>
/// <param name="Data">The message; null where the publisher sent none, or something that is no such message.</param>
/// <param name="TraceParent">The trace it belongs to (W3C), empty or null: none.</param>
/// <param name="Time">When it was published (RFC 3339), empty or null: not known.</param>
public sealed record ReceivedEvent<T>(string? Id = null, string? Topic = null, T? Data = default, string? TraceParent = null, string? Time = null)
    : ReceivedEvent(Id, Topic, TraceParent, Time)
{
    /// <summary>Reads the envelope of a request.</summary>
    /// <remarks>What cannot be read never can be: without this the framework would answer 400, and Dapr would deliver it again and again.</remarks>
    /// <param name="context">The request.</param>
    /// <exception cref="NewerSchemaException">The message was written by a newer version of FindMe: to be delivered again, to another replica.</exception>
    [SuppressMessage("Design", "CA1000", Justification = "This is how ASP.NET Core finds out how a parameter is read.")]
    public static async ValueTask<ReceivedEvent<T>> BindAsync(HttpContext context)
    {
        try
        {
            return await JsonSerializer.DeserializeAsync<ReceivedEvent<T>>(context.Request.Body, PipelineJson.Whole, context.RequestAborted)
                ?? Unreadable;
        }
        catch (JsonException)
        {
            return Unreadable;
        }
    }

    private static ReceivedEvent<T> Unreadable => new();
}
