namespace LocalDapr.Tests;

/// <summary>Timeouts of the tests. A real broker polls, and a real daprd takes seconds to start.</summary>
internal static class Timeouts
{
    /// <summary>How long to wait for something that must happen.</summary>
    public static TimeSpan Time => ConformanceTarget.IsReal ? TimeSpan.FromSeconds(90) : TimeSpan.FromSeconds(20);

    /// <summary>How long to wait for something that must not happen: twice the longest stream read of the Redis component; short on the local sidecar.</summary>
    public static TimeSpan Quiet => ConformanceTarget.IsReal ? TimeSpan.FromSeconds(4) : TimeSpan.FromMilliseconds(100);
}
