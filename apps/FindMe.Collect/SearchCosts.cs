using Dapr.Client;
using FindMe.Pipeline;

namespace FindMe.Collect;

/// <summary>Corrects a search's cost: the highest possible cost counts as spent in advance, until the actual cost is known.</summary>
internal sealed class SearchCosts(DaprClient dapr, TimeProvider time)
{
    /// <summary>Adds a correction to a search's cost.</summary>
    /// <param name="search">The search.</param>
    /// <param name="difference">The amount to add, in US dollars; 0 changes nothing.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The current search.</returns>
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
