using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace FindMe.Networks;

/// <summary>How Bluesky is searched. Section <c>Sources:Bluesky</c>; checked at start.</summary>
/// <remarks>Bluesky's search answers accounts only: the operator's, by an app password, or the person's own.</remarks>
public sealed class BlueskyOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "Sources:Bluesky";

    /// <summary>The server that the operator's account signs in to. Default https://bsky.social.</summary>
    [Required]
    public Uri Service { get; set; } = new("https://bsky.social");

    /// <summary>The operator's handle; null: none, then only a person with an account of their own can search.</summary>
    public string? Identifier { get; set; }

    /// <summary>An app password of that account, never its password. It gives the account's search and nothing else that FindMe uses.</summary>
    public string? AppPassword { get; set; }

    /// <summary>Whether the operator's account can search for everybody.</summary>
    public bool HasAccount => Identifier is { Length: > 0 } && AppPassword is { Length: > 0 };
}

[OptionsValidator]
internal sealed partial class BlueskyOptionsValidator : IValidateOptions<BlueskyOptions>;
