using FindMe.Pipeline;

namespace FindMe.Networks;

/// <summary>What a person can search at a source.</summary>
/// <param name="Label">What the source is asked, for a person.</param>
/// <param name="Placeholder">An example of it.</param>
/// <param name="Obstacle">Why they cannot search it now; null: they can.</param>
public sealed record SourceOffer(string Label, string Placeholder, SourceObstacle? Obstacle)
{
    /// <summary>What there is to choose from; null: anything may be written.</summary>
    public IReadOnlyList<SourceChoice>? Choices { get; init; }

    /// <summary>The largest file that can be sent for it, in bytes; null: no file is.</summary>
    public long? MaxBytes { get; init; }

    /// <summary>What to know before a search; null: nothing.</summary>
    public string? Note { get; init; }
}

/// <summary>One thing to search.</summary>
/// <param name="Value">The query that searches it.</param>
/// <param name="Label">What a person calls it.</param>
public sealed record SourceChoice(string Value, string Label);

/// <summary>Why a person cannot search a source now.</summary>
/// <param name="Needs">What is missing: an <c>account</c> of theirs, or the <c>operator</c>.</param>
/// <param name="Reason">What to do or to know, a sentence for a person.</param>
/// <param name="Type">The slug of the problem where they try all the same.</param>
public sealed record SourceObstacle(string Needs, string Reason, string Type)
{
    /// <summary>They need an account there.</summary>
    /// <param name="reason">Why, a sentence for a person.</param>
    public static SourceObstacle Account(string reason) => new("account", reason, "account-needed");

    /// <summary>The operator does not offer it.</summary>
    /// <param name="reason">Why, a sentence for a person.</param>
    /// <param name="type">The slug of the problem.</param>
    public static SourceObstacle Operator(string reason, string type = "not-offered") => new("operator", reason, type);

    /// <summary>The answer to who tries all the same.</summary>
    public SearchProblem ToProblem() => new(Type, Needs == "operator" ? "This source is not offered here." : "This source needs an account.", Reason);
}

/// <summary>What somebody wants to search.</summary>
/// <param name="PersonId">Who they are.</param>
/// <param name="Person">Their document.</param>
/// <param name="Text">What they wrote or chose, without blanks around it.</param>
/// <param name="Terms">What bounds it.</param>
public sealed record SourceQuery(string PersonId, Person Person, string Text, SearchTerms Terms);

/// <summary>What a search would cost.</summary>
/// <param name="Posts">Posts that it would look through; null: not known beforehand.</param>
/// <param name="Cost">What it would cost at most, in US dollars.</param>
/// <param name="Spent">What this estimate has cost, in US dollars.</param>
public sealed record SourceEstimate(int? Posts, decimal Cost, decimal Spent)
{
    /// <summary>Of a source that costs nothing.</summary>
    public static SourceEstimate Free { get; } = new(null, 0, 0);
}
