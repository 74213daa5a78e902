using Dapr.Client;
using FindMe.Pipeline;
using Microsoft.AspNetCore.Http.HttpResults;

namespace FindMe.Api;

/// <summary>What may change when a search is continued.</summary>
/// <param name="Limit">Further posts to look through, as with a new search; null: as many as before.</param>
/// <param name="MaxCost">The most that the whole search may cost, in US dollars; null: as before.</param>
internal sealed record ContinueWish(int? Limit = null, decimal? MaxCost = null);

/// <summary>POST continue: a stopped search continues where it stopped; a finished one searches newer posts. POST retry: photos that failed are compared again.</summary>
internal static class SearchContinuing
{
    public static void MapSearchContinuing(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/searches/{id}/continue", ContinueAsync).RequireCaller(otherwise: Problems.NotFound).WithAudit()
            .WithSummary("Go on with a search that stopped, or look for what was posted since it finished.");
        routes.MapPost("/api/searches/{id}/retry", RetryAsync).RequireCaller(otherwise: Problems.NotFound).WithAudit()
            .WithSummary("Compare the photos again that were skipped with canRetry.");
    }

    /// <summary>Whether a search can go on: its listing ended by itself or was stopped, and its photos are compared.</summary>
    public static bool IsPossible(SearchSnapshot snapshot) => snapshot.Search.Stage == SearchStage.Listed && snapshot.IsEnded();

    private static async Task<Results<Accepted<SearchCreated>, ProblemHttpResult>> ContinueAsync(
        string id,
        ContinueWish wish,
        CurrentUser user,
        SearchReader reader,
        OpenSearches open,
        SearchAudit audit,
        DaprClient dapr,
        SearchRequestBodies bodies,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        if (await reader.TryReadAsync(id, user.Id, cancellationToken) is not { } snapshot)
        {
            return Problems.NotFound;
        }

        if (!IsPossible(snapshot))
        {
            return snapshot.IsEnded()
                ? Problems.Of(409, "search-ended", "This search cannot go on: it was cancelled, or it failed.", "Begin a new one.")
                : Problems.Of(409, "search-running", "This search is under way.", "Wait until it has finished.");
        }

        if (!snapshot.Search.References.Any(id => user.Person.References.Any(reference => reference.Id == id)))
        {
            return Problems.Of(422, "no-reference", "FindMe has forgotten the face that this search looks for.", "Show your face again and begin a new search.");
        }

        if (bodies.ProblemOf(snapshot.Search.Source, wish.Limit, wish.MaxCost, snapshot.Search.Cost) is { } problem)
        {
            return problem;
        }

        if (!audit.TryWriteContinue(user, snapshot.Search))
        {
            return Problems.NotLogged;
        }

        await open.AddAsync(id, user.Id, snapshot.Search.Generation + 1, cancellationToken);

        // Asked twice at once, one of the two continues it and the other finds it under way: both ask Collect for the same page.
        var continued = await dapr.UpdateStateAsync<Search>(
            StateKeys.Search(id),
            search => search.Stage == SearchStage.Listed && search.Pages.Count == snapshot.Search.Pages.Count ? Continue(search, wish) : search,
            search => search.TimeToLive(time.GetUtcNow()),
            cancellationToken);
        if (continued?.Stage != SearchStage.Listing)
        {
            return Problems.NotFound;
        }

        await open.BeginAsync(continued, cancellationToken);
        return TypedResults.Accepted($"/api/searches/{id}", new SearchCreated(id));
    }

    private static async Task<Results<Accepted<SearchCreated>, ProblemHttpResult>> RetryAsync(
        string id, CurrentUser user, SearchReader reader, OpenSearches open, DaprClient dapr, CancellationToken cancellationToken)
    {
        if (await reader.TryReadAsync(id, user.Id, cancellationToken) is not { } snapshot)
        {
            return Problems.NotFound;
        }

        if (!snapshot.IsEnded())
        {
            return Problems.Of(409, "search-running", "This search is under way.", "Wait until it has finished.");
        }

        if (!IsPossible(snapshot) || !snapshot.Batches.SelectMany(batch => batch.Photos).Any(photo => photo.Verdict?.GivenUp == true))
        {
            return Problems.Of(409, "nothing-to-retry", "No photo of this search can be tried again.", "Begin a new search.");
        }

        await open.AddAsync(id, user.Id, snapshot.Search.Generation + 1, cancellationToken);
        await dapr.PublishAsync(new ReopenSearch { SearchId = id }, cancellationToken);
        return TypedResults.Accepted($"/api/searches/{id}", new SearchCreated(id));
    }

    private static Search Continue(Search search, ContinueWish wish)
    {
        var further = wish.Limit ?? search.Terms.Limit;
        var isAtEnd = search.Next is null && !search.Stopped;
        return search with
        {
            Stage = SearchStage.Listing,
            Requested = false,
            Stopped = false,
            Problem = null,
            Attempts = 0,
            WaitingUntil = null,
            Generation = search.Generation + 1,
            After = isAtEnd ? search.Newest ?? search.After : search.After,
            Terms = search.Terms with { Limit = search.Posts + further, MaxCost = wish.MaxCost ?? search.Terms.MaxCost },
        };
    }
}
