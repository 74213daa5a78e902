
using Dapr;
using Dapr.Client;

namespace FindMe.Pipeline;

/// <summary>The searches with exhausted deliveries. Stored under <see cref="StateKeys.Failures"/>; contains no personal data.</summary>
public sealed record FailureList : Document
{
    /// <summary>One entry per search, oldest first, at most <see cref="Failures.MaxSearches"/>.</summary>
    public IReadOnlyList<Failure> Searches { get; init; } = [];
}

/// <summary>A search with exhausted deliveries.</summary>
/// <param name="SearchId">The search.</param>
/// <param name="LastEvent">The id of the event that failed last.</param>
/// <param name="LastAt">When it failed.</param>
/// <param name="Photos">How many photos were given up; 0 when the search itself was.</param>
public sealed record Failure(string SearchId, string LastEvent, DateTimeOffset LastAt, int Photos);

/// <summary>Lists the dead-lettered events that were given up. Collect adds to the list; operators read it and request retries through Api.</summary>
/// <param name="dapr">The state store.</param>
/// <param name="time">The clock.</param>
public sealed class Failures(DaprClient dapr, TimeProvider time)
{
    /// <summary>The oldest entries are dropped beyond this: nobody needs the list to notice an outage that large.</summary>
    public const int MaxSearches = 1000;

    // The time that a search is kept.
    private static readonly TimeSpan TimeToLive = TimeSpan.FromDays(30);

    /// <summary>Adds a failure. A redelivered event counts its photo twice at worst.</summary>
    /// <param name="search">The search.</param>
    /// <param name="eventId">The event that failed.</param>
    /// <param name="photos">1 for a photo, 0 for the search itself.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DaprException">The failure may or may not be listed.</exception>
    public Task AddAsync(string search, string eventId, int photos, CancellationToken cancellationToken) =>
        dapr.CreateOrUpdateStateAsync<FailureList>(
            StateKeys.Failures,
            list =>
            {
                var before = list?.Searches ?? [];
                var photosBefore = before.FirstOrDefault(failure => failure.SearchId == search)?.Photos ?? 0;
                var others = before.Where(failure => failure.SearchId != search).TakeLast(MaxSearches - 1);
                return (list ?? new FailureList()) with { Searches = [.. others, new Failure(search, eventId, time.GetUtcNow(), photosBefore + photos)] };
            },
            _ => TimeToLive,
            cancellationToken);

    /// <summary>Returns the failures.</summary>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DaprException">The store could not be read.</exception>
    public async Task<IReadOnlyList<Failure>> ListAsync(CancellationToken cancellationToken) =>
        (await dapr.GetStateAsync<FailureList>(StateKeys.Store, StateKeys.Failures, cancellationToken))?.Searches ?? [];

    /// <summary>Removes a search from the list.</summary>
    /// <param name="search">The search.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DaprException">The search may still be listed.</exception>
    public Task RemoveAsync(string search, CancellationToken cancellationToken) =>
        dapr.UpdateStateAsync<FailureList>(
            StateKeys.Failures,
            list => list.Searches.Any(failure => failure.SearchId == search)
                ? list with { Searches = [.. list.Searches.Where(failure => failure.SearchId != search)] }
                : list,
            _ => TimeToLive,
            cancellationToken);
}
