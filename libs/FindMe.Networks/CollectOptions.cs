using System.ComponentModel.DataAnnotations;
using FindMe.Pipeline;
using Microsoft.Extensions.Options;

namespace FindMe.Networks;

/// <summary>How sources are asked. Section <c>Collect</c> of the configuration; checked at start.</summary>
public sealed class CollectOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "Collect";

    /// <summary>
    /// Wait before a source that did not answer is asked again, 100 ms to 1 min; doubled each time. Default 10 s: with
    /// <see cref="MaxAttempts"/> about five minutes in all, after which the search stops and can be continued.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00")]
    public TimeSpan FirstWait { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Time for one page of a source, with all its requests, 1 to 100 s. Default 18 s (<see cref="TimeBudget.Handler"/>); then the source counts as
    /// silent and is asked again later. Below the timeout of a delivery in components/resiliency.yaml.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:01:40")]
    public TimeSpan PageTime { get; set; } = TimeBudget.Handler;

    /// <summary>Silences of a source in a row after which a search stops, 1 to 10. Default 6.</summary>
    [Range(1, 10)]
    public int MaxAttempts { get; set; } = 6;

    /// <summary>Pages of one search, 1 to 10,000. Default 1,000: of a network about 40,000 posts. Then the search ends with a notice.</summary>
    /// <remarks>Each page is compared with all before it, and a server of strangers may name pages without end.</remarks>
    [Range(1, 10_000)]
    public int MaxPages { get; set; } = 1_000;

    /// <summary>
    /// Pages in a row without a photo that was not listed before, after which the timeline of an instance ends, 1 to 1,000. Default 25, of
    /// Mastodon about 1,000 posts; after ten times as many the whole search does.
    /// </summary>
    [Range(1, 1_000)]
    public int MaxBarrenPages { get; set; } = 25;
}

[OptionsValidator]
internal sealed partial class CollectOptionsValidator : IValidateOptions<CollectOptions>;
