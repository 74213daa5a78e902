using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace FindMe.Networks;

/// <summary>Where hashtags are looked for on Mastodon. Section <c>Sources:Mastodon</c>; checked at start.</summary>
public sealed class MastodonOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "Sources:Mastodon";

    /// <summary>
    /// Instances, as <c>social.example.org</c> or with <c>http://</c> or <c>https://</c> in front, at most 20. Default none: then only the
    /// person's own instance is searched, and nothing without one.
    /// </summary>
    /// <remarks>Each instance knows only the posts that reached it: several see more. Each has rules of its own, which the operator should have read.</remarks>
    [Required, MaxLength(20)]
    public IReadOnlyList<string> Instances { get; set; } = [];

    /// <summary>An instance's address as FindMe writes it: scheme, host and port.</summary>
    /// <param name="instance">As configured, or as a person's account has it.</param>
    /// <returns>Null where it is no address.</returns>
    public static Uri? AddressOf(string instance) =>
        Uri.TryCreate(instance.Contains("://", StringComparison.Ordinal) ? instance : $"https://{instance}", UriKind.Absolute, out var address)
        && (address.Scheme == Uri.UriSchemeHttps || address.Scheme == Uri.UriSchemeHttp)
            ? new Uri(address.GetLeftPart(UriPartial.Authority))
            : null;
}

[OptionsValidator]
internal sealed partial class MastodonOptionsValidator : IValidateOptions<MastodonOptions>;
