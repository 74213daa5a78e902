using System.Text;

namespace FindMe.Networks;

/// <summary>Makes what a person wrote into a query for X, and refuses what X would refuse, before anything is paid.</summary>
/// <remarks>Operators: https://docs.x.com/x-api/posts/search/integrate/operators.</remarks>
internal static class XQuery
{
    // Operators that X takes only beside one that stands alone.
    private static readonly string[] Conjunctions = ["has:", "is:", "lang:", "sample:"];

    // Names of the page's search box that the API refuses: its own are min_likes and min_reposts.
    private static readonly string[] Unknown = ["min_faves:", "min_retweets:", "filter:", "since:", "until:"];

    /// <summary>Builds the query: posts with pictures, no reposts.</summary>
    /// <param name="wish">What the person wrote.</param>
    /// <param name="language">Two or three letters; null: any.</param>
    /// <param name="maxLength">What X allows, in characters.</param>
    /// <param name="problem">What is wrong with it, a sentence; null: nothing.</param>
    /// <returns>The query, or null with the problem.</returns>
    public static string? TryBuild(string wish, string? language, int maxLength, out string? problem)
    {
        problem = ProblemOf(wish);
        if (problem is not null)
        {
            return null;
        }

        var query = $"({wish.Trim()}) has:media -is:retweet{(language is null ? "" : $" lang:{language}")}";
        if (query.Length > maxLength)
        {
            problem = $"X takes {maxLength} characters; with what FindMe adds this has {query.Length}.";
            return null;
        }

        return query;
    }

    private static string? ProblemOf(string wish)
    {
        var depth = 0;
        var quoted = false;
        var term = new StringBuilder();
        var terms = new List<string>();
        foreach (var character in wish)
        {
            if (character == '"')
            {
                quoted = !quoted;
            }

            if (!quoted && character is ('(' or ')' or ' '))
            {
                depth += character switch { '(' => 1, ')' => -1, _ => 0 };
                if (depth < 0)
                {
                    return "A parenthesis is closed that was not opened.";
                }

                if (character == '(' && term.Length == 1 && term[0] == '-')
                {
                    return "X does not exclude a group in parentheses: exclude each word of it.";
                }

                Take(term, terms);
                continue;
            }

            if (char.IsControl(character))
            {
                return "There is a character in it that is none.";
            }

            term.Append(character);
        }

        Take(term, terms);
        if (quoted || depth > 0)
        {
            return quoted ? "A quotation mark is not closed." : "A parenthesis is not closed.";
        }

        if (terms.Select(name => name.TrimStart('-')).FirstOrDefault(name => Unknown.Any(unknown => name.StartsWith(unknown, StringComparison.OrdinalIgnoreCase))) is { } refused)
        {
            return $"X's API has no {refused[..(refused.IndexOf(':') + 1)]} operator.";
        }

        return terms.Any(StandsAlone)
            ? null
            : "X needs at least one word, #hashtag or @name beside what only narrows a search.";
    }

    private static void Take(StringBuilder term, List<string> terms)
    {
        if (term.Length > 0)
        {
            terms.Add(term.ToString());
            term.Clear();
        }
    }

    private static bool StandsAlone(string term) =>
        term is not "OR" and not "\"\""
        && !term.StartsWith('-')
        && !Conjunctions.Any(conjunction => term.StartsWith(conjunction, StringComparison.OrdinalIgnoreCase));
}
