using System.Text;

namespace FindMe.Networks;

/// <summary>Turns the person's text into a query for X. Rejects what X would reject, before anything is paid.</summary>
/// <remarks>Operators: https://docs.x.com/x-api/posts/search/integrate/operators.</remarks>
internal static class XQuery
{
    // Operators that X accepts only next to a standalone operator.
    private static readonly string[] Conjunctions = ["has:", "is:", "lang:", "sample:"];

    // Operators of X's search page that its API rejects; the API's own are min_likes and min_reposts.
    private static readonly string[] Unknown = ["min_faves:", "min_retweets:", "filter:", "since:", "until:"];

    /// <summary>Builds the query: posts with media, without reposts.</summary>
    /// <param name="text">The person's text.</param>
    /// <param name="language">Two or three letters; null for any.</param>
    /// <param name="maxLength">X's limit, in characters.</param>
    /// <param name="problem">What is wrong with the text, one sentence; null if nothing.</param>
    /// <returns>The query; null when there is a problem.</returns>
    public static string? TryBuild(string text, string? language, int maxLength, out string? problem)
    {
        problem = ProblemOf(text);
        if (problem is not null)
        {
            return null;
        }

        var query = $"({text.Trim()}) has:media -is:retweet{(language is null ? "" : $" lang:{language}")}";
        if (query.Length > maxLength)
        {
            problem = $"X accepts {maxLength} characters; with FindMe's additions the query has {query.Length}.";
            return null;
        }

        return query;
    }

    private static string? ProblemOf(string text)
    {
        var depth = 0;
        var quoted = false;
        var term = new StringBuilder();
        var terms = new List<string>();
        foreach (var character in text)
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
                    return "A closing parenthesis has no opening one.";
                }

                if (character == '(' && term.Length == 1 && term[0] == '-')
                {
                    return "X cannot exclude a group in parentheses: exclude each word on its own.";
                }

                Take(term, terms);
                continue;
            }

            if (char.IsControl(character))
            {
                return "The query contains an invalid character.";
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
            : "X needs at least one word, #hashtag or @name besides the operators that only narrow a search.";
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
