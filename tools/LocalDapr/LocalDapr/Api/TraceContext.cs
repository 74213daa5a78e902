using System.Diagnostics;

namespace LocalDapr;

/// <summary>The trace of one event, as daprd passes it on.</summary>
/// <param name="Parent">A W3C <c>traceparent</c>; empty for none.</param>
/// <param name="State">A W3C <c>tracestate</c>; often empty.</param>
internal readonly record struct TraceContext(string Parent, string State)
{
    public static readonly TraceContext None = new("", "");

    /// <summary>daprd's placeholder for a missing trace: in the header of a delivery and, up to 1.16, in the envelope.</summary>
    public static readonly TraceContext Zeros = new($"00-{new string('0', 32)}-{new string('0', 16)}-00", "");

    /// <summary>Returns the caller's span, which daprd without tracing passes on; null when the headers hold no valid one.</summary>
    public static TraceContext? Of(string? parent, string? state) =>
        ActivityContext.TryParse(parent, state, out var caller) && caller.TraceId != default && caller.SpanId != default
            ? new TraceContext($"00-{caller.TraceId}-{caller.SpanId}-{(int)caller.TraceFlags:x2}", state ?? "")
            : null;

    /// <summary>Creates a span below the caller's, or in a new trace when the headers hold no valid span.</summary>
    public static TraceContext Below(string? parent, string? state)
    {
        var span = ActivitySpanId.CreateRandom();
        return ActivityContext.TryParse(parent, state, out var caller)
            ? new TraceContext($"00-{caller.TraceId}-{span}-{(int)caller.TraceFlags:x2}", state ?? "")
            : new TraceContext($"00-{ActivityTraceId.CreateRandom()}-{span}-01", "");
    }
}
