using FindMe.Pipeline;
using FindMe.Pipeline.Dapr;

namespace FindMe.Api;

/// <summary>Deletes references, and keeps searches from using those that no longer count.</summary>
internal sealed class ReferenceDeletion(References references, FaceReader faces, DaprClient dapr, TimeProvider time)
{
    /// <summary>Deletes one reference. A running search goes on with the person's others; it fails with a clear problem when none is left.</summary>
    /// <exception cref="DaprException">It may still be there.</exception>
    public async Task DeleteAsync(Caller caller, string id, CancellationToken cancellationToken)
    {
        await references.DeleteAsync(caller.Id, id, cancellationToken);
        var person = await dapr.UpdatePersonAsync(
            caller.Id, current => current with { References = [.. current.References.Where(reference => reference.Id != id)] }, cancellationToken);

        // Without it others may have nothing near them any more.
        var used = (person?.ReferencesInUse(faces.Recipe) ?? []).Select(reference => reference.Id).ToHashSet();
        foreach (var search in caller.Person.Searches)
        {
            await dapr.UpdateStateAsync<Search>(
                StateKeys.Search(search),
                current => current.References.All(used.Contains) ? current : current with { References = [.. current.References.Where(used.Contains)] },
                current => current.TimeToLive(time.GetUtcNow()),
                cancellationToken);
        }
    }

    /// <summary>Deletes all references of a person and cancels their running searches.</summary>
    /// <returns>The person as they are now; null when they deleted everything meanwhile.</returns>
    /// <exception cref="DaprException">Some may still be there.</exception>
    public async Task<Person?> DeleteAllAsync(Caller caller, CancellationToken cancellationToken)
    {
        var deleted = new List<string>();
        var person = await dapr.UpdatePersonAsync(
            caller.Id,
            current =>
            {
                deleted = [.. current.References.Select(reference => reference.Id)];
                return current with { References = [] };
            },
            cancellationToken);
        foreach (var id in deleted)
        {
            await references.DeleteAsync(caller.Id, id, cancellationToken);
        }

        foreach (var search in person?.Searches ?? [])
        {
            await dapr.UpdateStateAsync<Search>(
                StateKeys.Search(search),
                current => current with { References = [], Stage = current.IsOpen() ? SearchStage.Cancelled : current.Stage },
                current => current.TimeToLive(time.GetUtcNow()),
                cancellationToken);
        }

        return person;
    }
}
