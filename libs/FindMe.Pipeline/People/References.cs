using System.Security.Cryptography;
using System.Text.Json.Serialization;
using Dapr;
using Dapr.Client;

namespace FindMe.Pipeline;

/// <summary>An embedding, encrypted under its person's key. Lies under <see cref="StateKeys.Reference"/>.</summary>
/// <param name="Recipe">The model and alignment that made the embedding.</param>
/// <param name="Ciphertext">AES-256-GCM: 12 bytes nonce, 16 bytes tag, ciphertext; in base64.</param>
public sealed record EncryptedReference(string Recipe, [property: JsonPropertyName("sealed")] string Ciphertext) : Document;

/// <summary>An embedding as its person showed it, in memory only.</summary>
/// <param name="Recipe">The model and alignment that made it.</param>
/// <param name="Embedding">The embedding's bytes.</param>
public sealed record OpenReference(string Recipe, byte[] Embedding);

/// <summary>Keeps the references of people, encrypted under their keys. Api writes them, Compare reads them.</summary>
/// <param name="dapr">The state store.</param>
/// <param name="keys">The people's keys.</param>
public sealed class References(DaprClient dapr, PersonKeys keys)
{
    /// <summary>Encrypts and saves a reference.</summary>
    /// <param name="person">Whose it is.</param>
    /// <param name="id">The reference's id.</param>
    /// <param name="reference">The embedding.</param>
    /// <param name="timeToLive">When it is forgotten.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">It was not saved.</exception>
    /// <exception cref="CryptographicException">The person's key is there, and cannot be unwrapped now.</exception>
    public async Task SaveAsync(string person, string id, OpenReference reference, TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        var key = await keys.GetOrCreateAsync(person, timeToLive, cancellationToken);
        var document = new EncryptedReference(reference.Recipe, PersonKeys.Encrypt(key, reference.Embedding, Context(person, id, reference.Recipe)));
        await dapr.SaveStateAsync(StateKeys.Store, StateKeys.Reference(person, id), document, timeToLive, cancellationToken);
    }

    /// <summary>Reads and decrypts references.</summary>
    /// <param name="person">Whose they are.</param>
    /// <param name="ids">The references' ids.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>By id, those that are still there and can be read: one that is deleted or whose key is gone is left out.</returns>
    /// <exception cref="DaprException">The store could not be read.</exception>
    /// <exception cref="CryptographicException">The person's key is there, and cannot be unwrapped now.</exception>
    public async Task<IReadOnlyDictionary<string, OpenReference>> ReadAsync(string person, IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        var keyName = StateKeys.PersonKey(person);
        var found = await dapr.GetBulkStateAsync(
            StateKeys.Store, [keyName, .. ids.Select(id => StateKeys.Reference(person, id))], cancellationToken);
        if (keys.TryUnwrap(found.TryGetValue(keyName, out var wrapped) ? wrapped.Value.Read<WrappedKey>() : null) is not { } key)
        {
            return new Dictionary<string, OpenReference>();
        }

        var references = new Dictionary<string, OpenReference>();
        foreach (var id in ids)
        {
            if (found.TryGetValue(StateKeys.Reference(person, id), out var entry)
                && entry.Value.Read<EncryptedReference>() is var document
                && PersonKeys.TryDecrypt(key, document.Ciphertext, Context(person, id, document.Recipe)) is { } embedding)
            {
                references[id] = new OpenReference(document.Recipe, embedding);
            }
        }

        CryptographicOperations.ZeroMemory(key);
        return references;
    }

    /// <summary>Forgets one reference.</summary>
    /// <param name="person">Whose it is.</param>
    /// <param name="id">The reference's id.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">It may still be there.</exception>
    public Task DeleteAsync(string person, string id, CancellationToken cancellationToken) =>
        dapr.DeleteStateAsync(StateKeys.Store, StateKeys.Reference(person, id), cancellationToken);

    // Binds the ciphertext to its place: a reference moved to another person or id does not open.
    private static string Context(string person, string id, string recipe) => $"{person}/{id}/{recipe}";
}
