using System.ComponentModel.DataAnnotations;
using FindMe.Pipeline;
using Microsoft.Extensions.Options;

namespace FindMe.Networks;

/// <summary>The names that X gives to the same fields.</summary>
public enum XDialect
{
    /// <summary>Try the older, and the newer where X refuses it.</summary>
    Auto,

    /// <summary><c>tweet.fields</c>, as X's documentation has it.</summary>
    Tweet,

    /// <summary><c>post.fields</c>, as X's OpenAPI description has it since 2.167 (July 2026).</summary>
    Post,
}

/// <summary>Whether and how X is searched. Section <c>Sources:X</c>; checked at start.</summary>
/// <remarks>
/// X lists facial recognition among the prohibited uses of its API
/// (https://docs.x.com/developer-terms/restricted-use-cases); only X's approval in writing makes it allowed. So it is off until the
/// operator says that they hold it, and who they are.
/// </remarks>
public sealed class XOptions : IValidatableObject
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "Sources:X";

    /// <summary>The operator states: X has approved this use in writing. Default false: X is not searched.</summary>
    public bool ApprovedByX { get; set; }

    /// <summary>Who states it, and can be asked: a mail address or a page. Required with <see cref="ApprovedByX"/>; shown to the people who search.</summary>
    public string? Contact { get; set; }

    /// <summary>The API. Default https://api.x.com.</summary>
    [Required]
    public Uri Api { get; set; } = new("https://api.x.com");

    /// <summary>The app's bearer token, for people who are not signed in with X; null: they cannot search X.</summary>
    public string? BearerToken { get; set; }

    /// <summary>The names of fields that X is asked with. Default Auto.</summary>
    public XDialect Dialect { get; set; }

    /// <summary>Longest query in characters, 1 to 4,096. Default 512, what X allows pay-per-use accounts.</summary>
    [Range(1, 4096)]
    public int MaxQueryLength { get; set; } = 512;

    /// <summary>Price of a post read, in US dollars, 0 to 1. Default 0.005 (X's price list, 2026).</summary>
    [Range(typeof(decimal), "0", "1")]
    public decimal PostPrice { get; set; } = 0.005m;

    /// <summary>Price of a media object read, in US dollars, 0 to 1. Default 0: X listed 0.005 for two months of 2026 and took it back.</summary>
    [Range(typeof(decimal), "0", "1")]
    public decimal MediaPrice { get; set; }

    /// <summary>Price of an author's name, in US dollars, 0 to 1. Default 0.01 (X's price list, 2026). Asked for matches alone.</summary>
    [Range(typeof(decimal), "0", "1")]
    public decimal UserPrice { get; set; } = 0.01m;

    /// <summary>Price of one count of posts, in US dollars, 0 to 1. Default 0.005.</summary>
    [Range(typeof(decimal), "0", "1")]
    public decimal CountPrice { get; set; } = 0.005m;

    /// <summary>Most that one search may cost, in US dollars, 0 to 1,000. Default 10; a person may allow less.</summary>
    [Range(typeof(decimal), "0", "1000")]
    public decimal MaxCost { get; set; } = 10;

    /// <summary>Posts of the smallest page: X gives 10 to 100.</summary>
    public const int MinPostsPerPage = 10;

    /// <summary>Posts of the largest page. A post has at most four media: so many posts fit one page of photos, and none is read twice.</summary>
    public const int MaxPostsPerPage = SearchPage.MaxPhotos / MaxMedia;

    private const int MaxMedia = 4;

    /// <summary>Price of a post with all that it can carry, in US dollars.</summary>
    public decimal PriceOfPost => PostPrice + (MaxMedia * MediaPrice);

    /// <summary>What reading so many posts can cost at most, in US dollars: page by page, the last one as large as X gives it at least.</summary>
    /// <param name="posts">How many, 0 or more; none are asked for with a page too.</param>
    public decimal CostOf(int posts)
    {
        var last = Math.Max(posts, 1) % MaxPostsPerPage;
        return (Math.Max(posts, 1) - last + (last == 0 ? 0 : Math.Max(last, MinPostsPerPage))) * PriceOfPost;
    }

    /// <summary>What a search may still cost, in US dollars: what the person allows, and at most <see cref="MaxCost"/>. Below 0 where it has cost more.</summary>
    /// <param name="search">The search.</param>
    public decimal LeftOf(Search search)
    {
        ArgumentNullException.ThrowIfNull(search);
        return CapOf(search) - search.Cost;
    }

    /// <summary>What a search may cost in all, in US dollars.</summary>
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
            yield return new ValidationResult("Sources:X:ApprovedByX needs Sources:X:Contact: who holds X's approval, and can be asked.", [nameof(Contact)]);
        }
    }
}

[OptionsValidator]
internal sealed partial class XOptionsValidator : IValidateOptions<XOptions>;
