using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace FindMe.Pipeline;

/// <summary>Traces events from publisher to handler, and measures their age and handling time.</summary>
/// <remarks>
/// Without tracing Dapr propagates no trace context, and with tracing it adds spans of its own. So the publisher puts the W3C trace context into the envelope, and the
/// subscriber uses it when no header carries one: the trace is complete under any sidecar.
/// </remarks>
internal static class EventTelemetry
{
    /// <summary>The name of the activity source and of the meter.</summary>
    public const string Name = "FindMe.Pipeline.Events";

    private static readonly ActivitySource Source = new(Name);
    private static readonly Meter Meter = new(Name);

    private static readonly Histogram<double> Age = Meter.CreateHistogram<double>(
        "findme.event.age", "s", "Time from the publishing of an event to its handling, by topic. Envelopes have whole seconds.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [1, 2, 5, 10, 30, 60, 120, 300, 900, 3600] });

    private static readonly Histogram<double> Handling = Meter.CreateHistogram<double>(
        "findme.event.handling", "s", "How long an app works on an event, by topic and by whether it will be delivered again.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 120] });

    /// <summary>Starts the span of publishing; null when nobody listens.</summary>
    public static Activity? StartPublish(string topic) => Source.StartActivity($"publish {topic}", ActivityKind.Producer);

    /// <summary>The current trace context (W3C); null if there is none.</summary>
    public static string? CurrentTrace => Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } trace } ? trace : null;

    /// <summary>The metadata that sets the envelope's id and, if there is one, its trace context.</summary>
    public static Dictionary<string, string> Envelope(string id)
    {
        var metadata = new Dictionary<string, string> { ["cloudevent.id"] = id };
        if (CurrentTrace is { } trace)
        {
            metadata["cloudevent.traceparent"] = trace;
        }

        return metadata;
    }

    /// <summary>Handles a delivery within the trace of its event.</summary>
    public static async ValueTask<object?> HandleAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next, string topic)
    {
        var message = context.Arguments.OfType<ReceivedEvent>().FirstOrDefault();
        var time = context.HttpContext.RequestServices.GetRequiredService<TimeProvider>();
        RecordAge(message, topic, time.GetUtcNow());
        var started = time.GetTimestamp();
        using var activity = Start(context.HttpContext.Request, message, topic);
        var again = true;
        try
        {
            var answer = await next(context);
            again = false;
            return answer;
        }
        catch (Exception exception)
        {
            activity?.SetStatus(ActivityStatusCode.Error, exception.GetType().Name);
            throw;
        }
        finally
        {
            Handling.Record(time.GetElapsedTime(started).TotalSeconds, new("topic", topic), new("again", again));
        }
    }

    private static Activity? Start(HttpRequest request, ReceivedEvent? message, string topic)
    {
        // With tracing on, daprd's header is a child of the publisher's span, and ASP.NET Core has already made it the parent of the request's span.
        var inherits = request.Headers.ContainsKey("traceparent");
        return !inherits && ActivityContext.TryParse(message?.TraceParent, null, isRemote: true, out var parent)
            ? Source.StartActivity(
                $"process {topic}", ActivityKind.Consumer, parent, links: Activity.Current is { } current ? [new ActivityLink(current.Context)] : null)
            : Source.StartActivity($"process {topic}", ActivityKind.Consumer);
    }

    private static void RecordAge(ReceivedEvent? message, string topic, DateTimeOffset now)
    {
        if (DateTimeOffset.TryParse(message?.Time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var published))
        {
            // Clamped at 0: clocks differ between machines, and the envelope's time has no fractions.
            Age.Record(Math.Max(0, (now - published).TotalSeconds), new KeyValuePair<string, object?>("topic", topic));
        }
    }
}
