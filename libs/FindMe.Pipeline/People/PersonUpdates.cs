using Dapr;
using Dapr.Client;

namespace FindMe.Pipeline;

/// <summary>Updates a person's document.</summary>
public static class PersonUpdates
{
    /// <summary>Updates the document, unless the person is being deleted or was deleted.</summary>
    /// <param name="dapr">The state store.</param>
    /// <param name="id">The person.</param>
    /// <param name="change">Returns the new document, or the same object to write nothing. May be called several times.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The current document; null when the person is being deleted or was deleted.</returns>
    /// <exception cref="DaprException">The store could not be read or written.</exception>
    public static async Task<Person?> UpdatePersonAsync(this DaprClient dapr, string id, Func<Person, Person> change, CancellationToken cancellationToken) =>
        await dapr.UpdateStateAsync<Person>(
            StateKeys.Person(id), person => person.Deleting ? person : change(person), _ => Person.Retention, cancellationToken) is { Deleting: false } person
            ? person
            : null;
}
