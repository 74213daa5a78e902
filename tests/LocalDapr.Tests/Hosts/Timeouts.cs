namespace LocalDapr.Tests;

/// <summary>How long to wait for what must come, and for what must not. A real broker polls, and a real daprd takes seconds to start.</summary>
internal static class Timeouts
{
    /// <summary>For what must come.</summary>
    public static TimeSpan Time => ConformanceTarget.IsReal ? TimeSpan.FromSeconds(90) : TimeSpan.FromSeconds(20);

    /// <summary>For what must not come: twice the longest read of a stream by Redis's component, or nothing much on the local sidecar.</summary>
    public static TimeSpan Quiet => ConformanceTarget.IsReal ? TimeSpan.FromSeconds(4) : TimeSpan.FromMilliseconds(100);
}
