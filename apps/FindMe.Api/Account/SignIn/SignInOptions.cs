using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>Where people can sign in. Section <c>SignIn</c> of the configuration; checked at start.</summary>
/// <remarks>Nobody has to: without an account FindMe knows a person by their cookie alone.</remarks>
public sealed class SignInOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "SignIn";

    /// <summary>FindMe's own address, to which the networks send people back. Default null: where the page listens, by the hosts of AllowedHosts.</summary>
    /// <remarks>Set it behind a proxy, and where FindMe listens on all addresses: X compares it letter by letter with what is registered.</remarks>
    public Uri? PublicAddress { get; set; }

    /// <summary>The client that is registered with X; null: nobody can sign in with X. Its callback is <c>/sign-in/x/callback</c>.</summary>
    public string? XClientId { get; set; }

    /// <summary>The secret of a confidential client; null: a public one.</summary>
    public string? XClientSecret { get; set; }

    /// <summary>Where X asks a person. Default https://x.com/i/oauth2/authorize.</summary>
    [Required]
    public Uri XAuthorize { get; set; } = new("https://x.com/i/oauth2/authorize");

    /// <summary>Whether people can sign in with Mastodon, on any instance. Default true: FindMe registers itself there.</summary>
    public bool Mastodon { get; set; } = true;

    /// <summary>Whether people can sign in with Bluesky, by an app password. Default true.</summary>
    public bool Bluesky { get; set; } = true;

    /// <summary>Who knows which server holds an account of Bluesky. Default https://plc.directory.</summary>
    [Required]
    public Uri BlueskyDirectory { get; set; } = new("https://plc.directory");

    /// <summary>Time a person has to agree on the network's page, 1 to 60 minutes. Default 10 minutes; then they begin again.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "01:00:00")]
    public TimeSpan AttemptLifetime { get; set; } = TimeSpan.FromMinutes(10);
}

[OptionsValidator]
internal sealed partial class SignInOptionsValidator : IValidateOptions<SignInOptions>;
