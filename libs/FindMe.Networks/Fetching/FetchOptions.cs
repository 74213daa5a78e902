using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace FindMe.Networks;

/// <summary>Limits for requests to servers on the internet. Section <c>Fetching</c> of the configuration; checked at start.</summary>
public sealed class FetchOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "Fetching";

    /// <summary>Timeout of one fetch with all its redirects and retries, 100 ms to 100 s. Default 12 s; then the fetch fails and may be retried later.</summary>
    /// <remarks>Below the 20 s that a delivery has (docs/time-budget.md), so that a slow host fails a photo and not its delivery.</remarks>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:40")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(12);

    /// <summary>Connect timeout, 100 ms to 30 s. Default 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:00:30")]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Redirects to follow in one fetch, 0 to 20. Default 5; media hosts need one or two.</summary>
    [Range(0, 20)]
    public int MaxRedirects { get; set; } = 5;

    /// <summary>Most response headers, in KiB, 1 to 1,024. Default 32, the usual limit of browsers and servers.</summary>
    [Range(1, 1024)]
    public int MaxHeaderKilobytes { get; set; } = 32;

    /// <summary>Concurrent connections to one host, 1 to 64. Default 6, as in browsers, to spare the host. Further fetches wait.</summary>
    [Range(1, 64)]
    public int ConnectionsPerHost { get; set; } = 6;

    /// <summary>Retries of a GET that failed with 5xx or without a response, 0 to 10. Default 3.</summary>
    [Range(0, 10)]
    public int Retries { get; set; } = 3;

    /// <summary>Delay before the first retry, 1 ms to 10 s, doubled each time and randomized. Default 500 ms.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:00:10")]
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Sent as <c>User-Agent</c>; operators should add a way to contact them. Default <c>FindMe/1.0</c>.</summary>
    [Required, RegularExpression("[ -~]{1,200}")]
    public string UserAgent { get; set; } = "FindMe/1.0";

    /// <summary>
    /// <c>host:port</c> of servers that may be fetched from although their addresses are private. Default none. For test servers on
    /// this machine only: anyone who posts an address, or redirects to one, can make FindMe read the servers listed here.
    /// </summary>
    [Required]
    public IReadOnlyList<string> AllowedPrivateHosts { get; set; } = [];
}

[OptionsValidator]
internal sealed partial class FetchOptionsValidator : IValidateOptions<FetchOptions>;
