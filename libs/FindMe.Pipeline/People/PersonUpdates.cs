using Dapr;
using Dapr.Client;

namespace FindMe.Pipeline;

/// <summary>Changes what is kept of a person.</summary>
public static class PersonUpdates
{
    /// <summary>Changes it, unless they are leaving or have left.</summary>
    /// <param name="dapr">The state store.</param>
    /// <param name="id">The person.</param>
    /// <param name="change">What to write, or the same object where there is nothing to do. May be called several times.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The person as they are now; null when they are leaving or have left.</returns>
    /// <exception cref="DaprException">The store could not be read or written.</exception>
    public static async Task<Person?> UpdatePersonAsync(this DaprClient dapr, string id, Func<Person, Person> change, CancellationToken cancellationToken) =>
        await dapr.UpdateStateAsync<Person>(
            StateKeys.Person(id), person => person.Deleting ? person : change(person), _ => Person.Retention, cancellationToken) is { Deleting: false } person
            ? person
            : null;
}
