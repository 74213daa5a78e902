using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>What keeps FindMe to finding oneself. Section <c>Safeguards</c> of the configuration; checked at start.</summary>
public sealed class SafeguardOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "Safeguards";

    /// <summary>Searches that one person may begin in a day (UTC), 1 to 10,000. Default 50; the next one is answered with 429.</summary>
    [Range(1, 10_000)]
    public int SearchesPerDay { get; set; } = 50;

    /// <summary>Searches that may begin in a day (UTC) from one address (IPv6: from one /64), 1 to 1,000,000. Default 200, for an office behind one address.</summary>
    [Range(1, 1_000_000)]
    public int SearchesPerAddressPerDay { get; set; } = 200;

    /// <summary>Attempts to sign in by password from one address in five minutes, 1 to 1,000. Default 10, a third of what a server of Bluesky takes.</summary>
    [Range(1, 1000)]
    public int SignInsPerAddress { get; set; } = 10;

    /// <summary>Where misuse is reported: a mail address or an https address, shown in the page. Default null: the page names nobody.</summary>
    public string? ReportAbuse { get; set; }

    /// <summary>The folder of the audit log. Default null: its lines go into the app's own log, under the category <c>FindMe.Audit</c>.</summary>
    public string? AuditPath { get; set; }

    /// <summary>Days that the audit log's files are kept, 1 to 3,650. Default 90.</summary>
    [Range(1, 3650)]
    public int AuditDays { get; set; } = 90;
}

[OptionsValidator]
internal sealed partial class SafeguardOptionsValidator : IValidateOptions<SafeguardOptions>;
