using System.Text.RegularExpressions;
using FindMe.Pipeline;

namespace FindMe.Networks;

/// <summary>Parses the hashtags in a query: with or without <c>#</c>, separated by spaces or commas.</summary>
internal static partial class Hashtags
{
    /// <summary>Most hashtags in one query: Mastodon accepts one and four more.</summary>
    public const int Max = 5;

    /// <summary>Parses a query.</summary>
    /// <param name="query">The person's text.</param>
    /// <returns>The distinct hashtags without <c>#</c>; null when there is none, more than <see cref="Max"/>, or an invalid one.</returns>
    public static IReadOnlyList<string>? TryParse(string query)
    {
        var tags = query.Split([' ', ',', '\t'], StringSplitOptions.RemoveEmptyEntries)
            .Select(tag => tag.TrimStart('#'))
            .Distinct(StringComparer.OrdinalIgnoreCase)
            .ToList();
        return tags.Count is > 0 and <= Max && tags.All(tag => Tag().IsMatch(tag)) ? tags : null;
    }

    /// <summary>What is wrong with a query for a source that searches hashtags only; null if nothing.</summary>
    /// <param name="query">The person's text.</param>
    public static SearchProblem? ProblemOf(string query) => TryParse(query) is not null
        ? null
        : new SearchProblem("no-hashtag", "This source searches hashtags only.", $"Write one to {Max}, such as #dotnetconf.");

    // Letters, digits and underscores of any script, but not only digits; Mastodon and Bluesky agree on that much.
    [GeneratedRegex(@"^(?=.*[^\d_])[\p{L}\p{M}\p{N}_]{1,100}$")]
    private static partial Regex Tag();
}
