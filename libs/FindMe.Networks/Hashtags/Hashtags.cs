using System.Text.RegularExpressions;
using FindMe.Pipeline;

namespace FindMe.Networks;

/// <summary>Hashtags as a person writes them: with or without <c>#</c>, with spaces or commas between.</summary>
internal static partial class Hashtags
{
    /// <summary>Hashtags in one query: Mastodon takes one and four more.</summary>
    public const int Max = 5;

    /// <summary>Reads a query.</summary>
    /// <param name="query">What a person wrote.</param>
    /// <returns>The hashtags without <c>#</c>, each once; null where something in it is none, or there is none, or more than <see cref="Max"/>.</returns>
    public static IReadOnlyList<string>? TryParse(string query)
    {
        var tags = query.Split([' ', ',', '\t'], StringSplitOptions.RemoveEmptyEntries)
            .Select(tag => tag.TrimStart('#'))
            .Distinct(StringComparer.OrdinalIgnoreCase)
            .ToList();
        return tags.Count is > 0 and <= Max && tags.All(tag => Tag().IsMatch(tag)) ? tags : null;
    }

    /// <summary>What is wrong with a query where only hashtags are searched; null: nothing.</summary>
    /// <param name="query">What a person wrote.</param>
    public static SearchProblem? ProblemOf(string query) => TryParse(query) is not null
        ? null
        : new SearchProblem("no-hashtag", "FindMe searches hashtags there.", $"Write one to {Max}, such as #dotnetconf.");

    // Letters, digits and underscores of any script, not digits alone; the networks agree on that much.
    [GeneratedRegex(@"^(?=.*[^\d_])[\p{L}\p{M}\p{N}_]{1,100}$")]
    private static partial Regex Tag();
}
