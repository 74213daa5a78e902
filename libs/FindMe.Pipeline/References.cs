using System.Security.Cryptography;
using System.Text;
using FindMe.Pipeline.Dapr;
using Microsoft.AspNetCore.DataProtection;

namespace FindMe.Pipeline;

/// <summary>An embedding, encrypted under its person's key. Lies under <see cref="StateKeys.Reference"/>.</summary>
/// <param name="Recipe">The model and alignment that made the embedding.</param>
/// <param name="Sealed">AES-256-GCM: 12 bytes nonce, 16 bytes tag, ciphertext; in base64.</param>
public sealed record SealedReference(string Recipe, string Sealed) : Document;

/// <summary>An embedding as its person showed it, in memory only.</summary>
/// <param name="Recipe">The model and alignment that made it.</param>
/// <param name="Embedding">The embedding's bytes.</param>
public sealed record OpenReference(string Recipe, byte[] Embedding);

/// <summary>Keeps the references of people, encrypted. Api writes them, Compare reads them.</summary>
/// <remarks>
/// Each person has a random key of their own, which lies wrapped by the key ring beside the references. To forget a person is to
/// delete that key: what is left of the references, in a backup say, can then not be read by anybody.
/// </remarks>
/// <param name="dapr">The state store.</param>
/// <param name="protection">The key ring, shared by the apps.</param>
public sealed class References(DaprClient dapr, IDataProtectionProvider protection)
{
    private const int KeyBytes = 32;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    private readonly IDataProtector _wrap = protection.CreateProtector("FindMe.PersonKey.v1");

    /// <summary>Encrypts and saves a reference.</summary>
    /// <param name="person">Whose it is.</param>
    /// <param name="id">The reference's id.</param>
    /// <param name="reference">The embedding.</param>
    /// <param name="timeToLive">When it is forgotten.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">It was not saved.</exception>
    public async Task SaveAsync(string person, string id, OpenReference reference, TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        var key = await KeyOfAsync(person, timeToLive, cancellationToken);
        var bytes = new byte[NonceBytes + TagBytes + reference.Embedding.Length];
        var nonce = bytes.AsSpan(0, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(key, TagBytes);
        aes.Encrypt(
            nonce, reference.Embedding, bytes.AsSpan(NonceBytes + TagBytes), bytes.AsSpan(NonceBytes, TagBytes), Context(person, id, reference.Recipe));
        var document = new SealedReference(reference.Recipe, Convert.ToBase64String(bytes));
        await dapr.SaveStateAsync(StateKeys.Store, StateKeys.Reference(person, id), document, timeToLive, cancellationToken);
    }

    /// <summary>Reads and decrypts references.</summary>
    /// <param name="person">Whose they are.</param>
    /// <param name="ids">The references' ids.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Those that are still there and can be read: one that is forgotten or whose key is gone is left out.</returns>
    /// <exception cref="DaprException">The store could not be read.</exception>
    public async Task<IReadOnlyList<OpenReference>> ReadAsync(string person, IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        var keyName = StateKeys.PersonKey(person);
        var found = await dapr.GetBulkStateAsync(
            StateKeys.Store, [keyName, .. ids.Select(id => StateKeys.Reference(person, id))], cancellationToken);
        if (!found.TryGetValue(keyName, out var wrapped) || TryUnwrap(wrapped.Value.Read<WrappedKey>()) is not { } key)
        {
            return [];
        }

        var references = new List<OpenReference>();
        using var aes = new AesGcm(key, TagBytes);
        foreach (var id in ids)
        {
            if (found.TryGetValue(StateKeys.Reference(person, id), out var entry) && TryOpen(aes, person, id, entry.Value.Read<SealedReference>()) is { } open)
            {
                references.Add(open);
            }
        }

        return references;
    }

    /// <summary>Forgets one reference.</summary>
    /// <param name="person">Whose it is.</param>
    /// <param name="id">The reference's id.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">It may still be there.</exception>
    public Task DeleteAsync(string person, string id, CancellationToken cancellationToken) =>
        dapr.DeleteStateAsync(StateKeys.Store, StateKeys.Reference(person, id), cancellationToken);

    /// <summary>Forgets the person's key, and with it every reference of theirs at once.</summary>
    /// <param name="person">The person.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">It may still be there.</exception>
    public Task ShredAsync(string person, CancellationToken cancellationToken) =>
        dapr.DeleteStateAsync(StateKeys.Store, StateKeys.PersonKey(person), cancellationToken);

    private static OpenReference? TryOpen(AesGcm aes, string person, string id, SealedReference document)
    {
        var bytes = Convert.FromBase64String(document.Sealed);
        var embedding = new byte[bytes.Length - NonceBytes - TagBytes];
        try
        {
            aes.Decrypt(
                bytes.AsSpan(0, NonceBytes), bytes.AsSpan(NonceBytes + TagBytes), bytes.AsSpan(NonceBytes, TagBytes), embedding, Context(person, id, document.Recipe));
            return new OpenReference(document.Recipe, embedding);
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    private byte[]? TryUnwrap(WrappedKey wrapped)
    {
        try
        {
            return _wrap.Unprotect(Convert.FromBase64String(wrapped.Key));
        }
        catch (CryptographicException)
        {
            // The key ring that wrapped it is gone.
            return null;
        }
    }

    // Two requests at once may both find no key: the first to write wins, the other takes that key.
    private async Task<byte[]> KeyOfAsync(string person, TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        byte[] key = [];
        await dapr.CreateOrUpdateStateAsync<WrappedKey>(
            StateKeys.PersonKey(person),
            wrapped =>
            {
                // Written again with every reference: the key must live as long as the youngest of them.
                key = (wrapped is null ? null : TryUnwrap(wrapped)) ?? RandomNumberGenerator.GetBytes(KeyBytes);
                return new WrappedKey(Convert.ToBase64String(_wrap.Protect(key)));
            },
            _ => timeToLive,
            cancellationToken);
        return key;
    }

    // Binds the ciphertext to its place: a reference moved to another person or id does not open.
    private static byte[] Context(string person, string id, string recipe) => Encoding.UTF8.GetBytes($"{person}/{id}/{recipe}");

    private sealed record WrappedKey(string Key) : Document;
}
