using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>Safeguards that limit FindMe to finding oneself. Section <c>Safeguards</c> of the configuration; checked at start.</summary>
public sealed class SafeguardOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "Safeguards";

    /// <summary>Searches that one person may start per day (UTC), 1 to 10,000. Default 50; further ones get 429.</summary>
    [Range(1, 10_000)]
    public int SearchesPerDay { get; set; } = 50;

    /// <summary>Searches that one address (IPv6: one /64) may start per day (UTC), 1 to 1,000,000. Default 200, for an office behind one address.</summary>
    [Range(1, 1_000_000)]
    public int SearchesPerAddressPerDay { get; set; } = 200;

    /// <summary>Sign-in attempts with a password or a code from one address in five minutes, 1 to 1,000. Default 10, a third of what a Bluesky server allows.</summary>
    [Range(1, 1000)]
    public int SignInsPerAddress { get; set; } = 10;

    /// <summary>Where to report misuse: a mail address or an https address, shown on the page. Default null: the page shows none.</summary>
    public string? ReportAbuse { get; set; }

    /// <summary>The folder of the audit log. Default null: its lines go to the app's own log, under the category <c>FindMe.Audit</c>.</summary>
    public string? AuditPath { get; set; }

    /// <summary>Days that audit log files are kept, 1 to 3,650. Default 90.</summary>
    [Range(1, 3650)]
    public int AuditDays { get; set; } = 90;
}

[OptionsValidator]
internal sealed partial class SafeguardOptionsValidator : IValidateOptions<SafeguardOptions>;
