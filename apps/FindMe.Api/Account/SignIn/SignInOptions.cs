using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>The networks that people can sign in with. Section <c>SignIn</c> of the configuration; checked at start.</summary>
/// <remarks>Signing in is optional: without it FindMe identifies a person by their cookie only.</remarks>
public sealed class SignInOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "SignIn";

    /// <summary>FindMe's own address, to which networks redirect people. Default null: the addresses at which the page listens, with the hosts of AllowedHosts.</summary>
    /// <remarks>Set it behind a proxy, and when FindMe listens on all interfaces: X compares it exactly with the registered address.</remarks>
    public Uri? PublicAddress { get; set; }

    /// <summary>The client id registered with X, with the callback <c>/sign-in/x/callback</c>. Default null: sign-in with X is disabled.</summary>
    public string? XClientId { get; set; }

    /// <summary>The secret of a confidential client; null for a public one.</summary>
    public string? XClientSecret { get; set; }

    /// <summary>X's authorization page. Default https://x.com/i/oauth2/authorize.</summary>
    [Required]
    public Uri XAuthorize { get; set; } = new("https://x.com/i/oauth2/authorize");

    /// <summary>Whether people can sign in with Mastodon, on any instance. Default true: FindMe registers itself on each.</summary>
    public bool Mastodon { get; set; } = true;

    /// <summary>Whether people can sign in with a Bluesky app password. Default true.</summary>
    public bool Bluesky { get; set; } = true;

    /// <summary>The directory that knows which server holds a Bluesky account. Default https://plc.directory.</summary>
    [Required]
    public Uri BlueskyDirectory { get; set; } = new("https://plc.directory");

    /// <summary>Time to authorize FindMe on the network's page, 1 to 60 minutes. Default 10 minutes; then the person must start again.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "01:00:00")]
    public TimeSpan AttemptLifetime { get; set; } = TimeSpan.FromMinutes(10);
}

[OptionsValidator]
internal sealed partial class SignInOptionsValidator : IValidateOptions<SignInOptions>;
