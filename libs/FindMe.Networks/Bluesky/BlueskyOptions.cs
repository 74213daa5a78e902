using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace FindMe.Networks;

/// <summary>How Bluesky is searched. Section <c>Sources:Bluesky</c>; checked at start.</summary>
/// <remarks>Bluesky's search requires an account: the operator's, with an app password, or the person's own.</remarks>
public sealed class BlueskyOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "Sources:Bluesky";

    /// <summary>The server that the operator's account signs in to. Default https://bsky.social.</summary>
    [Required]
    public Uri Service { get; set; } = new("https://bsky.social");

    /// <summary>The operator's handle. Default null: only people who signed in with Bluesky can search.</summary>
    public string? Identifier { get; set; }

    /// <summary>An app password of that account, never its main password. FindMe uses it for searching only.</summary>
    public string? AppPassword { get; set; }

    /// <summary>Whether the operator's account serves people who are not signed in with Bluesky.</summary>
    public bool HasAccount => Identifier is { Length: > 0 } && AppPassword is { Length: > 0 };
}

[OptionsValidator]
internal sealed partial class BlueskyOptionsValidator : IValidateOptions<BlueskyOptions>;
