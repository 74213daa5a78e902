using System.ComponentModel.DataAnnotations;
using FindMe.Pipeline;
using Microsoft.Extensions.Options;

namespace FindMe.Networks;

/// <summary>How Collect requests pages of sources. Section <c>Collect</c> of the configuration; checked at start.</summary>
public sealed class CollectOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "Collect";

    /// <summary>
    /// Delay before a source that did not answer is retried, 100 ms to 1 min; doubles each time. Default 10 s: with
    /// <see cref="MaxAttempts"/> about five minutes in total, after which the search stops and can be continued.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00")]
    public TimeSpan FirstWait { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Timeout for one page of a source, with all its requests, 1 to 100 s. Default 18 s (<see cref="TimeBudget.Handler"/>); after that the source
    /// counts as unavailable and is retried later. Must be below the delivery timeout in components/resiliency.yaml.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:01:40")]
    public TimeSpan PageTime { get; set; } = TimeBudget.Handler;

    /// <summary>Consecutive failures of a source after which a search stops, 1 to 10. Default 6.</summary>
    [Range(1, 10)]
    public int MaxAttempts { get; set; } = 6;

    /// <summary>Most pages of one search, 1 to 10,000. Default 1,000, about 40,000 posts on a network; then the search ends with a notice.</summary>
    /// <remarks>Each page is compared with all earlier pages, and an untrusted server may return pages forever.</remarks>
    [Range(1, 10_000)]
    public int MaxPages { get; set; } = 1_000;

    /// <summary>
    /// Consecutive pages without a new photo after which an instance's timeline ends, 1 to 1,000. Default 25, about 1,000 posts on
    /// Mastodon. After ten times as many the whole search ends.
    /// </summary>
    [Range(1, 1_000)]
    public int MaxBarrenPages { get; set; } = 25;
}

[OptionsValidator]
internal sealed partial class CollectOptionsValidator : IValidateOptions<CollectOptions>;
