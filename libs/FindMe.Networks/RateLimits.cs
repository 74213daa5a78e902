namespace FindMe.Networks;

/// <summary>When a network that limits FindMe may be asked again.</summary>
internal static class RateLimits
{
    // A header of nonsense must not put a search to sleep for years.
    private static readonly TimeSpan Longest = TimeSpan.FromHours(24);

    /// <summary>The time to wait for.</summary>
    /// <param name="reset">What the network says; null: nothing.</param>
    /// <param name="window">The network's documented window, where it says nothing.</param>
    /// <param name="now">The present time.</param>
    /// <returns>Not before the reset, spread by up to a second so that not all searches wake at once, and at least a second away.</returns>
    public static DateTimeOffset Until(DateTimeOffset? reset, TimeSpan window, DateTimeOffset now)
    {
        var wait = (reset ?? now + window) - now;
        return now + TimeSpan.FromTicks(Math.Clamp(wait.Ticks, TimeSpan.TicksPerSecond, Longest.Ticks)) + (Random.Shared.NextDouble() * TimeSpan.FromSeconds(1));
    }
}
