using FindMe.Networks;
using Microsoft.AspNetCore.Http.HttpResults;

namespace FindMe.Api;

/// <summary>What a search would cost.</summary>
/// <param name="Posts">Posts that it would look through; null: not known beforehand.</param>
/// <param name="Cost">What it would cost at most, in US dollars.</param>
/// <param name="Currency"><c>USD</c>.</param>
/// <param name="Spent">What this estimate has cost.</param>
internal sealed record SearchEstimate(int? Posts, decimal Cost, string Currency, decimal Spent);

/// <summary>POST an estimate: what a search would cost, before it is begun. Where a source is paid, it is asked how much there is.</summary>
internal static class SearchEstimates
{
    public static void MapSearchEstimates(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/searches/estimate", EstimateAsync).RequireCaller().WithSummary("What a search would cost; takes what POST /api/searches takes.");

    private static async Task<Results<Ok<SearchEstimate>, ProblemHttpResult>> EstimateAsync(
        SearchRequestBody body, CurrentUser user, SearchRequestBodies bodies, CancellationToken cancellationToken)
    {
        // The estimate is what the person sets their limit by: it needs none yet.
        var (name, query, terms, problem) = await bodies.CheckAsync(body with { MaxCost = bodies.SourceOf(body.Source)?.MaxCost ?? body.MaxCost }, user, cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        try
        {
            var estimate = await bodies.SourceOf(name)!.EstimateAsync(new SourceQuery(user.Id, user.Person, query, terms), cancellationToken);
            return TypedResults.Ok(new SearchEstimate(estimate.Posts, estimate.Cost, "USD", estimate.Spent));
        }
        catch (SourceException exception)
        {
            return Problems.Of(exception.Problem.Type == "query-refused" ? 422 : 503, exception.Problem.Type, exception.Problem.Title, exception.Problem.Detail);
        }
        catch (SourceUnavailableException exception)
        {
            return Problems.Of(503, "source-unavailable", exception.Message, "Try again in a few minutes.");
        }
    }
}
