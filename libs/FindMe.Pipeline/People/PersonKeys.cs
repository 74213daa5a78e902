using System.Security.Cryptography;
using System.Text;
using Dapr;
using Dapr.Client;
using FindMe.Hosting;
using Microsoft.AspNetCore.DataProtection;

namespace FindMe.Pipeline;

/// <summary>The encryption keys of people. Deleting a key makes everything encrypted under it unreadable.</summary>
/// <remarks>
/// Each person has a random key, stored wrapped by the key ring. Deleting that key also makes copies of the person's references and tokens
/// unreadable, for example in a backup.
/// </remarks>
/// <param name="dapr">The state store.</param>
/// <param name="protection">The key ring, shared by the apps.</param>
public sealed class PersonKeys(DaprClient dapr, IDataProtectionProvider protection)
{
    private readonly IDataProtector _wrap = protection.CreateProtector("FindMe.PersonKey.v1");

    /// <summary>Returns the person's key, or creates one.</summary>
    /// <param name="person">The person.</param>
    /// <param name="timeToLive">When the key expires; it must outlive everything encrypted under it.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DaprException">The store could not be read or written.</exception>
    /// <exception cref="CryptographicException">The key exists but cannot be unwrapped now. It is never replaced, because that would make everything encrypted under it unreadable.</exception>
    public async Task<byte[]> GetOrCreateAsync(string person, TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        // Of two concurrent requests that find no key, the first writer wins and the other uses its key.
        byte[] key = [];
        await dapr.CreateOrUpdateStateAsync<WrappedKey>(
            StateKeys.PersonKey(person),
            wrapped =>
            {
                // Written again to renew its time to live, because the key must outlive everything encrypted under it.
                key = TryUnwrap(wrapped) ?? AesGcmEnvelope.NewKey();
                return new WrappedKey(Convert.ToBase64String(_wrap.Protect(key)));
            },
            _ => timeToLive,
            cancellationToken);
        return key;
    }

    /// <summary>Unwraps a stored key.</summary>
    /// <returns>Null when there is no key: the person was deleted.</returns>
    /// <exception cref="CryptographicException">The key ring cannot be read now; it is unknown whether the failure is transient.</exception>
    internal byte[]? TryUnwrap(WrappedKey? wrapped) => wrapped is null ? null : _wrap.Unprotect(Convert.FromBase64String(wrapped.Key));

    /// <summary>Deletes the person's key, and so makes everything encrypted under it unreadable.</summary>
    /// <param name="person">The person.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DaprException">The key may still be stored.</exception>
    public Task ShredAsync(string person, CancellationToken cancellationToken) =>
        dapr.DeleteStateAsync(StateKeys.Store, StateKeys.PersonKey(person), cancellationToken);

    /// <summary>Encrypts bytes.</summary>
    /// <param name="key">The person's key.</param>
    /// <param name="plain">The bytes to encrypt.</param>
    /// <param name="context">Where the ciphertext is stored: elsewhere it cannot be decrypted.</param>
    /// <returns>An <see cref="AesGcmEnvelope"/> in base64.</returns>
    internal static string Encrypt(byte[] key, ReadOnlySpan<byte> plain, string context) =>
        Convert.ToBase64String(AesGcmEnvelope.Encrypt(key, plain, Encoding.UTF8.GetBytes(context)));

    /// <summary>Decrypts the output of <see cref="Encrypt"/>.</summary>
    /// <returns>Null when it was encrypted under another key or for another context.</returns>
    internal static byte[]? TryDecrypt(byte[] key, string ciphertext, string context)
    {
        try
        {
            return AesGcmEnvelope.Decrypt(key, Convert.FromBase64String(ciphertext), Encoding.UTF8.GetBytes(context));
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }
}

/// <summary>A person's wrapped key, as stored.</summary>
internal sealed record WrappedKey(string Key) : Document;
