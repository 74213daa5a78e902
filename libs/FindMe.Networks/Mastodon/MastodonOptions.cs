using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace FindMe.Networks;

/// <summary>Which Mastodon instances are searched. Section <c>Sources:Mastodon</c>; checked at start.</summary>
public sealed class MastodonOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "Sources:Mastodon";

    /// <summary>
    /// Instances, as <c>social.example.org</c> or with a leading <c>http://</c> or <c>https://</c>, at most 20. Default none: only the
    /// person's own instance is searched.
    /// </summary>
    /// <remarks>Each instance knows only the posts that reached it, so several instances find more. Operators should read the rules of each.</remarks>
    [Required, MaxLength(20)]
    public IReadOnlyList<string> Instances { get; set; } = [];

    /// <summary>Normalizes an instance's address to scheme, host and port.</summary>
    /// <param name="instance">The instance as configured, or as in a person's account.</param>
    /// <returns>Null when it is not a valid address.</returns>
    public static Uri? AddressOf(string instance) =>
        Uri.TryCreate(instance.Contains("://", StringComparison.Ordinal) ? instance : $"https://{instance}", UriKind.Absolute, out var address)
        && (address.Scheme == Uri.UriSchemeHttps || address.Scheme == Uri.UriSchemeHttp)
            ? new Uri(address.GetLeftPart(UriPartial.Authority))
            : null;
}

[OptionsValidator]
internal sealed partial class MastodonOptionsValidator : IValidateOptions<MastodonOptions>;
