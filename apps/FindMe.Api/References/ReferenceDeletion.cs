using Dapr;
using Dapr.Client;
using FindMe.Pipeline;

namespace FindMe.Api;

/// <summary>Deletes references, and keeps searches from using those that no longer count.</summary>
internal sealed class ReferenceDeletion(References references, SearchDeletion searches, FaceReader faces, DaprClient dapr, TimeProvider time, IHostApplicationLifetime lifetime)
{
    /// <summary>Deletes one reference. A running search continues with the person's other references; it fails with a clear problem if none is left.</summary>
    /// <exception cref="DaprException">It may still be there.</exception>
    public async Task DeleteAsync(CurrentUser user, string id, CancellationToken cancellationToken)
    {
        await references.DeleteAsync(user.Id, id, cancellationToken);
        var person = await dapr.UpdatePersonAsync(
            user.Id, current => current with { References = [.. current.References.Where(reference => reference.Id != id)] }, cancellationToken);

        // Without it others may have nothing near them any more.
        var used = (person?.ReferencesInUse(faces.Recipe) ?? []).Select(reference => reference.Id).ToHashSet();
        foreach (var search in (person ?? user.Person).Searches)
        {
            await dapr.UpdateStateAsync<Search>(
                StateKeys.Search(search),
                current => current.References.All(used.Contains) ? current : current with { References = [.. current.References.Where(used.Contains)] },
                current => current.TimeToLive(time.GetUtcNow()),
                cancellationToken);
        }
    }

    /// <summary>Deletes the sample face of a demo and the searches for it.</summary>
    /// <param name="person">The person's id.</param>
    /// <param name="known">The person as they were when they still had it.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DaprException">Some may still be there.</exception>
    public async Task DeleteSampleAsync(string person, Person known, CancellationToken cancellationToken)
    {
        var samples = known.References.Where(reference => reference.IsSample).Select(reference => reference.Id).ToHashSet();
        if (samples.Count == 0)
        {
            return;
        }

        var found = (await dapr.GetBulkStateAsync(StateKeys.Store, [.. known.Searches.Select(StateKeys.Search)], cancellationToken)).Values
            .Select(entry => entry.Value.Read<Search>())
            .Where(search => search.References.Any(samples.Contains))
            .Select(search => search.Id)
            .ToHashSet();
        foreach (var search in found)
        {
            await searches.DeleteAsync(search, cancellationToken);
        }

        foreach (var sample in samples)
        {
            await references.DeleteAsync(person, sample, cancellationToken);
        }

        await dapr.UpdatePersonAsync(person, current => current with { Searches = [.. current.Searches.Where(search => !found.Contains(search))] }, cancellationToken);
    }

    /// <summary>Cancels the running searches of a person and deletes all their references. Once started it continues, even if the request is cancelled.</summary>
    /// <returns>The person as they are now; null when they deleted everything meanwhile.</returns>
    /// <exception cref="DaprException">Some may still be there; they still stand in the person's document.</exception>
    public async Task<Person?> DeleteAllAsync(CurrentUser user)
    {
        var cancellationToken = lifetime.ApplicationStopping;
        if (await dapr.GetStateAsync<Person>(StateKeys.Store, StateKeys.Person(user.Id), cancellationToken) is not { Deleting: false } person)
        {
            return null;
        }

        foreach (var search in person.Searches)
        {
            await dapr.UpdateStateAsync<Search>(
                StateKeys.Search(search),
                current => current with { References = [], Stage = current.IsOpen() ? SearchStage.Cancelled : current.Stage },
                current => current.TimeToLive(time.GetUtcNow()),
                cancellationToken);
        }

        var deleted = person.References.Select(reference => reference.Id).ToHashSet();
        foreach (var id in deleted)
        {
            await references.DeleteAsync(user.Id, id, cancellationToken);
        }

        // The list last: whatever happens before, it names what is left.
        return await dapr.UpdatePersonAsync(
            user.Id, current => current with { References = [.. current.References.Where(reference => !deleted.Contains(reference.Id))] }, cancellationToken);
    }
}
