using System.Security.Cryptography;
using System.Text.Json;
using Dapr;
using Dapr.Client;

namespace FindMe.Pipeline;

/// <summary>A document of a person, encrypted under their key.</summary>
/// <param name="Ciphertext">JSON in an <see cref="Hosting.AesGcmEnvelope"/>, in base64.</param>
public sealed record EncryptedDocument(string Ciphertext) : Document;

/// <summary>Keeps documents of people, encrypted under their keys: with the key gone, nobody can read them.</summary>
/// <param name="dapr">The state store.</param>
/// <param name="keys">The people's keys.</param>
public sealed class PersonDocuments(DaprClient dapr, PersonKeys keys)
{
    /// <summary>The keys of what <see cref="From"/> needs, for who reads others in the same request.</summary>
    /// <param name="person">Whose document.</param>
    /// <param name="key">Where it lies.</param>
    public static IReadOnlyList<string> KeysOf(string person, string key) => [StateKeys.PersonKey(person), key];

    /// <summary>Decrypts a document.</summary>
    /// <param name="person">Whose it is.</param>
    /// <param name="key">Where it lies.</param>
    /// <param name="found">What was read of <see cref="KeysOf"/>.</param>
    /// <returns>The document and its version, another one after each change; null where there is none, or the key that it was encrypted under is gone.</returns>
    /// <exception cref="CryptographicException">The person's key is there, and cannot be unwrapped now.</exception>
    public (T? Value, string? Version) From<T>(string person, string key, IReadOnlyDictionary<string, (JsonElement Value, string ETag)> found)
        where T : class
    {
        if (!found.TryGetValue(key, out var entry)
            || keys.TryUnwrap(found.TryGetValue(StateKeys.PersonKey(person), out var wrapped) ? wrapped.Value.Read<WrappedKey>() : null) is not { } secret)
        {
            return (null, null);
        }

        var document = entry.Value.Read<EncryptedDocument>();
        var value = Decrypt<T>(secret, document, key);
        CryptographicOperations.ZeroMemory(secret);
        return (value, value is null ? null : document.Write);
    }

    /// <summary>Reads a document.</summary>
    /// <param name="person">Whose it is.</param>
    /// <param name="key">Where it lies.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>As <see cref="From"/>.</returns>
    /// <exception cref="DaprException">The store could not be read.</exception>
    /// <exception cref="CryptographicException">The person's key is there, and cannot be unwrapped now.</exception>
    public async Task<(T? Value, string? Version)> ReadAsync<T>(string person, string key, CancellationToken cancellationToken)
        where T : class =>
        From<T>(person, key, await dapr.GetBulkStateAsync(StateKeys.Store, KeysOf(person, key), cancellationToken));

    /// <summary>Changes a document, or writes it where there is none.</summary>
    /// <param name="person">Whose it is.</param>
    /// <param name="key">Where it lies.</param>
    /// <param name="change">What to write in place of what is there and its version (null: nothing is); null: nothing. May be called several times.</param>
    /// <param name="timeToLive">When it is forgotten.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The version that was written; null where nothing was.</returns>
    /// <exception cref="DaprException">It is not known whether it was changed; changing it again is safe.</exception>
    /// <exception cref="CryptographicException">The person's key is there, and cannot be unwrapped now.</exception>
    public async Task<string?> UpdateAsync<T>(string person, string key, Func<T?, string?, T?> change, TimeSpan timeToLive, CancellationToken cancellationToken)
        where T : class
    {
        var secret = await keys.GetOrCreateAsync(person, Person.Retention, cancellationToken);
        var isChanged = false;
        var written = await dapr.CreateOrUpdateStateAsync<EncryptedDocument>(
            key,
            document =>
            {
                var changed = change(document is null ? null : Decrypt<T>(secret, document, key), document?.Write);
                isChanged = changed is not null;
                return changed is null
                    ? document!
                    : (document ?? new EncryptedDocument("")) with { Ciphertext = PersonKeys.Encrypt(secret, JsonSerializer.SerializeToUtf8Bytes(changed, PipelineJson.Options), key) };
            },
            _ => timeToLive,
            cancellationToken);
        CryptographicOperations.ZeroMemory(secret);
        return isChanged ? written.Write : null;
    }

    /// <summary>Forgets a document of a person who has deleted everything, and the key that writing it may have brought back.</summary>
    /// <param name="person">Whose it is.</param>
    /// <param name="key">Where it lies.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">It may still be there.</exception>
    public async Task ForgetAsync(string person, string key, CancellationToken cancellationToken)
    {
        await keys.ShredAsync(person, cancellationToken);
        await DeleteAsync(key, cancellationToken);
    }

    /// <summary>Forgets a document.</summary>
    /// <param name="key">Where it lies.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">It may still be there.</exception>
    public Task DeleteAsync(string key, CancellationToken cancellationToken) => dapr.DeleteStateAsync(StateKeys.Store, key, cancellationToken);

    private static T? Decrypt<T>(byte[] secret, EncryptedDocument document, string key)
        where T : class =>
        PersonKeys.TryDecrypt(secret, document.Ciphertext, key) is { } plain ? JsonSerializer.Deserialize<T>(plain, PipelineJson.Options) : null;
}
