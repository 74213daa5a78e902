using System.Security.Cryptography;
using System.Text.Json.Serialization;
using Dapr;
using Dapr.Client;

namespace FindMe.Pipeline;

/// <summary>An embedding, encrypted under its person's key. Stored under <see cref="StateKeys.Reference"/>.</summary>
/// <param name="Recipe">The model and alignment that made the embedding.</param>
/// <param name="Ciphertext">AES-256-GCM in base64: 12 bytes nonce, 16 bytes tag, ciphertext.</param>
public sealed record EncryptedReference(string Recipe, [property: JsonPropertyName("sealed")] string Ciphertext) : Document;

/// <summary>A decrypted embedding, in memory only.</summary>
/// <param name="Recipe">The model and alignment that made it.</param>
/// <param name="Embedding">The embedding's bytes.</param>
public sealed record DecryptedReference(string Recipe, byte[] Embedding);

/// <summary>Stores the references of people, encrypted under their keys. Api writes them, Compare reads them.</summary>
/// <param name="dapr">The state store.</param>
/// <param name="keys">The encryption keys of people.</param>
public sealed class References(DaprClient dapr, PersonKeys keys)
{
    /// <summary>Encrypts and saves a reference.</summary>
    /// <param name="person">The owner.</param>
    /// <param name="id">The reference's id.</param>
    /// <param name="reference">The embedding.</param>
    /// <param name="timeToLive">When it expires.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DaprException">The reference was not saved.</exception>
    /// <exception cref="CryptographicException">The person's key exists but cannot be unwrapped now.</exception>
    public async Task SaveAsync(string person, string id, DecryptedReference reference, TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        var key = await keys.GetOrCreateAsync(person, timeToLive, cancellationToken);
        var document = new EncryptedReference(reference.Recipe, PersonKeys.Encrypt(key, reference.Embedding, Context(person, id, reference.Recipe)));
        await dapr.SaveStateAsync(StateKeys.Store, StateKeys.Reference(person, id), document, timeToLive, cancellationToken);
    }

    /// <summary>Reads and decrypts references.</summary>
    /// <param name="person">The owner.</param>
    /// <param name="ids">The references' ids.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The readable references by id; those that were deleted, or whose key was, are missing.</returns>
    /// <exception cref="DaprException">The store could not be read.</exception>
    /// <exception cref="CryptographicException">The person's key exists but cannot be unwrapped now.</exception>
    public async Task<IReadOnlyDictionary<string, DecryptedReference>> ReadAsync(string person, IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        var keyName = StateKeys.PersonKey(person);
        var found = await dapr.GetBulkStateAsync(
            StateKeys.Store, [keyName, .. ids.Select(id => StateKeys.Reference(person, id))], cancellationToken);
        if (keys.TryUnwrap(found.TryGetValue(keyName, out var wrapped) ? wrapped.Value.Read<WrappedKey>() : null) is not { } key)
        {
            return new Dictionary<string, DecryptedReference>();
        }

        var references = new Dictionary<string, DecryptedReference>();
        foreach (var id in ids)
        {
            if (found.TryGetValue(StateKeys.Reference(person, id), out var entry)
                && entry.Value.Read<EncryptedReference>() is var document
                && PersonKeys.TryDecrypt(key, document.Ciphertext, Context(person, id, document.Recipe)) is { } embedding)
            {
                references[id] = new DecryptedReference(document.Recipe, embedding);
            }
        }

        CryptographicOperations.ZeroMemory(key);
        return references;
    }

    /// <summary>Deletes one reference.</summary>
    /// <param name="person">The owner.</param>
    /// <param name="id">The reference's id.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DaprException">The reference may still be stored.</exception>
    public Task DeleteAsync(string person, string id, CancellationToken cancellationToken) =>
        dapr.DeleteStateAsync(StateKeys.Store, StateKeys.Reference(person, id), cancellationToken);

    // Binds the ciphertext to its key in the store: copied to another person or id it cannot be decrypted.
    private static string Context(string person, string id, string recipe) => $"{person}/{id}/{recipe}";
}
