using Dapr.Client;
using FindMe.Pipeline;

namespace FindMe.Collect;

/// <summary>What can be spent counts as spent before it is; this takes it back, or adds to it, when the true cost is known.</summary>
internal sealed class SearchCosts(DaprClient dapr, TimeProvider time)
{
    /// <summary>Corrects what a search has cost.</summary>
    /// <param name="search">The search.</param>
    /// <param name="difference">To be added, in US dollars; 0 changes nothing.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The search as it is now.</returns>
    public async Task<Search> CorrectAsync(Search search, decimal difference, CancellationToken cancellationToken) =>
        difference == 0
            ? search
            : await dapr.UpdateStateAsync<Search>(
                StateKeys.Search(search.Id),
                current => current.Stage == SearchStage.Deleted ? current : current with { Cost = current.Cost + difference },
                current => current.TimeToLive(time.GetUtcNow()),
                cancellationToken)
            ?? search with { Stage = SearchStage.Deleted };
}
