using System.Security.Cryptography;
using System.Text;
using Dapr;
using Dapr.Client;
using FindMe.Hosting;
using Microsoft.AspNetCore.DataProtection;

namespace FindMe.Pipeline;

/// <summary>The keys of people: what is encrypted under one can be read by nobody once the key is deleted.</summary>
/// <remarks>
/// Each person has a random key of their own, which lies wrapped by the key ring. To forget a person is to delete that key: what is
/// left of their references and tokens, in a backup say, can then not be read by anybody.
/// </remarks>
/// <param name="dapr">The state store.</param>
/// <param name="protection">The key ring, shared by the apps.</param>
public sealed class PersonKeys(DaprClient dapr, IDataProtectionProvider protection)
{
    private readonly IDataProtector _wrap = protection.CreateProtector("FindMe.PersonKey.v1");

    /// <summary>The person's key; a new one where there is none.</summary>
    /// <param name="person">The person.</param>
    /// <param name="timeToLive">When it is forgotten: it must live as long as the youngest thing encrypted under it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">The store could not be read or written.</exception>
    /// <exception cref="CryptographicException">There is a key, and it cannot be unwrapped now. It is never replaced: that would shred what is encrypted under it.</exception>
    public async Task<byte[]> GetOrCreateAsync(string person, TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        // Two requests at once may both find no key: the first to write wins, the other takes that key.
        byte[] key = [];
        await dapr.CreateOrUpdateStateAsync<WrappedKey>(
            StateKeys.PersonKey(person),
            wrapped =>
            {
                // Written again with everything that is encrypted: the key must live as long as the youngest of it.
                key = TryUnwrap(wrapped) ?? AesGcmEnvelope.NewKey();
                return new WrappedKey(Convert.ToBase64String(_wrap.Protect(key)));
            },
            _ => timeToLive,
            cancellationToken);
        return key;
    }

    /// <summary>Unwraps a key as it lies in the store.</summary>
    /// <returns>Null where there is none: the person is forgotten.</returns>
    /// <exception cref="CryptographicException">The key ring cannot be read now, be it for a moment or for good; nothing says which.</exception>
    internal byte[]? TryUnwrap(WrappedKey? wrapped) => wrapped is null ? null : _wrap.Unprotect(Convert.FromBase64String(wrapped.Key));

    /// <summary>Forgets the person's key, and with it all that is encrypted under it at once.</summary>
    /// <param name="person">The person.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">It may still be there.</exception>
    public Task ShredAsync(string person, CancellationToken cancellationToken) =>
        dapr.DeleteStateAsync(StateKeys.Store, StateKeys.PersonKey(person), cancellationToken);

    /// <summary>Encrypts bytes.</summary>
    /// <param name="key">The person's key.</param>
    /// <param name="plain">What to encrypt.</param>
    /// <param name="context">Where it lies: moved to another place it cannot be decrypted.</param>
    /// <returns>An <see cref="AesGcmEnvelope"/> in base64.</returns>
    internal static string Encrypt(byte[] key, ReadOnlySpan<byte> plain, string context) =>
        Convert.ToBase64String(AesGcmEnvelope.Encrypt(key, plain, Encoding.UTF8.GetBytes(context)));

    /// <summary>Decrypts what <see cref="Encrypt"/> made.</summary>
    /// <returns>Null where it was encrypted under another key or for another place.</returns>
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

/// <summary>A person's key as it lies in the store.</summary>
internal sealed record WrappedKey(string Key) : Document;
