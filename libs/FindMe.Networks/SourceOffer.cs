using FindMe.Pipeline;

namespace FindMe.Networks;

/// <summary>What a person can search at a source.</summary>
/// <param name="Label">The label of the query field.</param>
/// <param name="Placeholder">An example of a query.</param>
/// <param name="Obstacle">Why they cannot search it now; null when they can.</param>
public sealed record SourceOffer(string Label, string Placeholder, SourceObstacle? Obstacle)
{
    /// <summary>The allowed queries; null if any text is allowed.</summary>
    public IReadOnlyList<SourceChoice>? Choices { get; init; }

    /// <summary>The largest file that can be uploaded to it, in bytes; null if the source takes no files.</summary>
    public long? MaxBytes { get; init; }

    /// <summary>A note to show before a search; null if none.</summary>
    public string? Note { get; init; }
}

/// <summary>One of the queries to choose from.</summary>
/// <param name="Value">The query.</param>
/// <param name="Label">The query's name on the page.</param>
public sealed record SourceChoice(string Value, string Label);

/// <summary>Why a person cannot search a source now.</summary>
/// <param name="Needs">What is missing: an <c>account</c> of the person, or the <c>operator</c>'s permission.</param>
/// <param name="Reason">What to do or to know, one sentence for the person.</param>
/// <param name="Type">The slug of the problem that an attempt to search returns.</param>
public sealed record SourceObstacle(string Needs, string Reason, string Type)
{
    /// <summary>The person needs an account there.</summary>
    /// <param name="reason">Why, one sentence for the person.</param>
    public static SourceObstacle Account(string reason) => new("account", reason, "account-needed");

    /// <summary>The operator does not offer it.</summary>
    /// <param name="reason">Why, one sentence for the person.</param>
    /// <param name="type">The slug of the problem.</param>
    public static SourceObstacle Operator(string reason, string type = "not-offered") => new("operator", reason, type);

    /// <summary>The problem that an attempt to search returns.</summary>
    public SearchProblem ToProblem() => new(Type, Needs == "operator" ? "This source is not offered here." : "This source needs an account.", Reason);
}

/// <summary>A search that a person wants to start.</summary>
/// <param name="PersonId">The person's id.</param>
/// <param name="Person">The person's document.</param>
/// <param name="Text">The query that they wrote or chose, trimmed.</param>
/// <param name="Terms">The terms that narrow the search.</param>
public sealed record SourceQuery(string PersonId, Person Person, string Text, SearchTerms Terms);

/// <summary>The estimated cost of a search.</summary>
/// <param name="Posts">Posts that the search would read; null if unknown.</param>
/// <param name="Cost">The most that the search would cost, in US dollars.</param>
/// <param name="Spent">What this estimate itself cost, in US dollars.</param>
public sealed record SourceEstimate(int? Posts, decimal Cost, decimal Spent)
{
    /// <summary>The estimate for a source that is free of charge.</summary>
    public static SourceEstimate Free { get; } = new(null, 0, 0);
}
