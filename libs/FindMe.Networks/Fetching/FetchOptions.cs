using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace FindMe.Networks;

/// <summary>How FindMe fetches from outside. Section <c>Fetching</c> of the configuration; checked at start.</summary>
public sealed class FetchOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "Fetching";

    /// <summary>Time for one fetch with all its redirects and retries, 100 ms to 100 s. Default 12 s; then it failed and may be tried later.</summary>
    /// <remarks>Below the 20 s that a delivery has (docs/time-budget.md), so that a slow host fails a photo and not its delivery.</remarks>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:40")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(12);

    /// <summary>Time to connect, 100 ms to 30 s. Default 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:00:30")]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Redirects followed in one fetch, 0 to 20. Default 5; media hosts need one or two.</summary>
    [Range(0, 20)]
    public int MaxRedirects { get; set; } = 5;

    /// <summary>Headers of one answer, in KiB, 1 to 1,024. Default 32, what browsers and servers take at most.</summary>
    [Range(1, 1024)]
    public int MaxHeaderKilobytes { get; set; } = 32;

    /// <summary>Connections to one host at a time, 1 to 64. Default 6, as browsers have it: a guest, not a flood. Further fetches wait.</summary>
    [Range(1, 64)]
    public int ConnectionsPerHost { get; set; } = 6;

    /// <summary>Tries after the first that failed with 5xx or without an answer, 0 to 10; only for GET. Default 3.</summary>
    [Range(0, 10)]
    public int Retries { get; set; } = 3;

    /// <summary>Wait before the first retry, 1 ms to 10 s, doubled each time and spread at random. Default 500 ms.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:00:10")]
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Who fetches, sent as <c>User-Agent</c>: the operator should add a way to reach them. Default <c>FindMe/1.0</c>.</summary>
    [Required, RegularExpression("[ -~]{1,200}")]
    public string UserAgent { get; set; } = "FindMe/1.0";

    /// <summary>
    /// <c>host:port</c> of servers that are fetched from although their addresses are private. Default none. For servers under test on
    /// this machine only: whoever posts an address, or redirects to one, can make FindMe read what is listed here.
    /// </summary>
    [Required]
    public IReadOnlyList<string> AllowedPrivateHosts { get; set; } = [];
}

[OptionsValidator]
internal sealed partial class FetchOptionsValidator : IValidateOptions<FetchOptions>;
