using System.ComponentModel.DataAnnotations;
using FindMe.Pipeline;
using Microsoft.Extensions.Options;

namespace FindMe.Networks;

/// <summary>X's two sets of names for the same fields.</summary>
public enum XDialect
{
    /// <summary>Tries the older names first, and the newer ones when X rejects them.</summary>
    Auto,

    /// <summary><c>tweet.fields</c>, as in X's documentation.</summary>
    Tweet,

    /// <summary><c>post.fields</c>, as in X's OpenAPI description since 2.167 (July 2026).</summary>
    Post,
}

/// <summary>Whether and how X is searched. Section <c>Sources:X</c>; checked at start.</summary>
/// <remarks>
/// X lists facial recognition among the prohibited uses of its API
/// (https://docs.x.com/developer-terms/restricted-use-cases) unless X approves in writing. So X is disabled until the operator states
/// that they hold the approval, and who they are.
/// </remarks>
public sealed class XOptions : IValidatableObject
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "Sources:X";

    /// <summary>The operator's statement that X has approved this use in writing. Default false: X is not searched.</summary>
    public bool ApprovedByX { get; set; }

    /// <summary>Who makes the statement and can be contacted: a mail address or a page. Required with <see cref="ApprovedByX"/>; shown to the people who search.</summary>
    public string? Contact { get; set; }

    /// <summary>The API. Default https://api.x.com.</summary>
    [Required]
    public Uri Api { get; set; } = new("https://api.x.com");

    /// <summary>The app's bearer token, for people who are not signed in with X; null if none, so that they cannot search X.</summary>
    public string? BearerToken { get; set; }

    /// <summary>The field names to use in requests. Default Auto.</summary>
    public XDialect Dialect { get; set; }

    /// <summary>Longest query in characters, 1 to 4,096. Default 512, the limit of pay-per-use accounts.</summary>
    [Range(1, 4096)]
    public int MaxQueryLength { get; set; } = 512;

    /// <summary>Price of a post read, in US dollars, 0 to 1. Default 0.005 (X's price list, 2026).</summary>
    [Range(typeof(decimal), "0", "1")]
    public decimal PostPrice { get; set; } = 0.005m;

    /// <summary>Price of a media object read, in US dollars, 0 to 1. Default 0: X charged 0.005 for two months of 2026, then stopped.</summary>
    [Range(typeof(decimal), "0", "1")]
    public decimal MediaPrice { get; set; }

    /// <summary>Price of an author's name, in US dollars, 0 to 1. Default 0.01 (X's price list, 2026). Only paid for matches.</summary>
    [Range(typeof(decimal), "0", "1")]
    public decimal UserPrice { get; set; } = 0.01m;

    /// <summary>Price of one count of posts, in US dollars, 0 to 1. Default 0.005.</summary>
    [Range(typeof(decimal), "0", "1")]
    public decimal CountPrice { get; set; } = 0.005m;

    /// <summary>Largest cost of one search, in US dollars, 0 to 1,000. Default 10; a person can set a lower limit.</summary>
    [Range(typeof(decimal), "0", "1000")]
    public decimal MaxCost { get; set; } = 10;

    /// <summary>Posts of the smallest page: X returns 10 to 100.</summary>
    public const int MinPostsPerPage = 10;

    /// <summary>Posts of the largest page. A post has at most four media, so that their photos fit one page and no post is read twice.</summary>
    public const int MaxPostsPerPage = SearchPage.MaxPhotos / MaxMedia;

    private const int MaxMedia = 4;

    /// <summary>Price of a post with all the media that it can carry, in US dollars.</summary>
    public decimal PriceOfPost => PostPrice + (MaxMedia * MediaPrice);

    /// <summary>The most that reading this many posts can cost, in US dollars. Rounds the last page up to X's smallest page.</summary>
    /// <param name="posts">How many posts, 0 or more; 0 also needs one page.</param>
    public decimal CostOf(int posts)
    {
        var last = Math.Max(posts, 1) % MaxPostsPerPage;
        return (Math.Max(posts, 1) - last + (last == 0 ? 0 : Math.Max(last, MinPostsPerPage))) * PriceOfPost;
    }

    /// <summary>The rest of a search's budget, in US dollars; negative if the search has cost more than its budget.</summary>
    /// <param name="search">The search.</param>
    public decimal LeftOf(Search search)
    {
        ArgumentNullException.ThrowIfNull(search);
        return CapOf(search) - search.Cost;
    }

    /// <summary>A search's total budget, in US dollars: the person's limit, and at most <see cref="MaxCost"/>.</summary>
    /// <param name="search">The search.</param>
    public decimal CapOf(Search search)
    {
        ArgumentNullException.ThrowIfNull(search);
        return Math.Min(search.Terms.MaxCost ?? 0, MaxCost);
    }

    /// <inheritdoc />
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (ApprovedByX && string.IsNullOrWhiteSpace(Contact))
        {
            yield return new ValidationResult("Sources:X:ApprovedByX requires Sources:X:Contact: name who holds X's approval and can be contacted.", [nameof(Contact)]);
        }
    }
}

[OptionsValidator]
internal sealed partial class XOptionsValidator : IValidateOptions<XOptions>;
