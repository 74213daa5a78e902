using System.Diagnostics;

namespace FindMe.Sidecar;

/// <summary>The trace of one event, as daprd hands it on when its tracing is on.</summary>
/// <param name="Parent">A W3C <c>traceparent</c>; empty without tracing.</param>
/// <param name="State">A W3C <c>tracestate</c>; often empty.</param>
internal readonly record struct TraceContext(string Parent, string State)
{
    public static readonly TraceContext None = new("", "");

    /// <summary>A span of the sidecar's own below the caller's, or of a new trace when the caller names none that can be read.</summary>
    public static TraceContext Below(string? parent, string? state)
    {
        var span = ActivitySpanId.CreateRandom();
        return ActivityContext.TryParse(parent, state, out var caller)
            ? new TraceContext($"00-{caller.TraceId}-{span}-{(int)caller.TraceFlags:x2}", state ?? "")
            : new TraceContext($"00-{ActivityTraceId.CreateRandom()}-{span}-01", "");
    }
}
