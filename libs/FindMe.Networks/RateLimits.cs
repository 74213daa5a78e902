namespace FindMe.Networks;

/// <summary>Computes when a rate-limited network may be called again.</summary>
internal static class RateLimits
{
    // Caps an absurd header, which could otherwise delay a search for years.
    private static readonly TimeSpan Longest = TimeSpan.FromHours(24);

    /// <summary>Returns when to retry.</summary>
    /// <param name="reset">The reset time that the network sent; null if none.</param>
    /// <param name="window">The network's documented window, used when it sent no reset time.</param>
    /// <param name="now">The present time.</param>
    /// <returns>Never before the reset, at least one second away, and randomized by up to a second so that searches do not all wake at once.</returns>
    public static DateTimeOffset Until(DateTimeOffset? reset, TimeSpan window, DateTimeOffset now)
    {
        var wait = (reset ?? now + window) - now;
        return now + TimeSpan.FromTicks(Math.Clamp(wait.Ticks, TimeSpan.TicksPerSecond, Longest.Ticks)) + (Random.Shared.NextDouble() * TimeSpan.FromSeconds(1));
    }
}
