
using Dapr;
using Dapr.Client;

namespace FindMe.Pipeline;

/// <summary>Searches in which something failed every time. Lies under <see cref="StateKeys.Failures"/>; nothing of a person stands in it.</summary>
public sealed record FailureList : Document
{
    /// <summary>One entry a search, oldest first, at most <see cref="Failures.MaxSearches"/>.</summary>
    public IReadOnlyList<Failure> Searches { get; init; } = [];
}

/// <summary>A search in which something failed every time.</summary>
/// <param name="SearchId">The search.</param>
/// <param name="LastEvent">The id of the event that failed last.</param>
/// <param name="LastAt">When.</param>
/// <param name="Photos">How many photos were given up; 0: the search itself was.</param>
public sealed record Failure(string SearchId, string LastEvent, DateTimeOffset LastAt, int Photos);

/// <summary>What went to the dead-letter topics and was given up, for the operator: Collect notes it, Api lists it and has it tried again.</summary>
/// <param name="dapr">The state store.</param>
/// <param name="time">The clock.</param>
public sealed class Failures(DaprClient dapr, TimeProvider time)
{
    /// <summary>The oldest entries go first: an outage that fails more searches than this is seen without a list.</summary>
    public const int MaxSearches = 1000;

    // As long as a search is kept.
    private static readonly TimeSpan TimeToLive = TimeSpan.FromDays(30);

    /// <summary>Notes what was given up. A repeated delivery counts a photo twice at worst; the photos themselves are not touched.</summary>
    /// <param name="search">The search.</param>
    /// <param name="eventId">The event that failed.</param>
    /// <param name="photos">1 for a photo, 0 for the search itself.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">It is not known whether it was noted.</exception>
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

    /// <summary>Lists what was given up.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">The store could not be read.</exception>
    public async Task<IReadOnlyList<Failure>> ListAsync(CancellationToken cancellationToken) =>
        (await dapr.GetStateAsync<FailureList>(StateKeys.Store, StateKeys.Failures, cancellationToken))?.Searches ?? [];

    /// <summary>Takes a search off the list.</summary>
    /// <param name="search">The search.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">It may still be listed.</exception>
    public Task RemoveAsync(string search, CancellationToken cancellationToken) =>
        dapr.UpdateStateAsync<FailureList>(
            StateKeys.Failures,
            list => list.Searches.Any(failure => failure.SearchId == search)
                ? list with { Searches = [.. list.Searches.Where(failure => failure.SearchId != search)] }
                : list,
            _ => TimeToLive,
            cancellationToken);
}
