using System.Security.Cryptography;

namespace FindMe.Hosting;

/// <summary>Encrypts with AES-256-GCM into one array: 12 bytes nonce, 16 bytes tag, then the ciphertext.</summary>
public static class AesGcmEnvelope
{
    /// <summary>Length of a key in bytes.</summary>
    public const int KeyBytes = 32;

    // Sizes that every implementation supports: https://csrc.nist.gov/pubs/sp/800/38/d/final
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int HeadBytes = NonceBytes + TagBytes;

    /// <summary>Generates a random key.</summary>
    public static byte[] NewKey() => RandomNumberGenerator.GetBytes(KeyBytes);

    /// <summary>Encrypts with a random nonce.</summary>
    /// <param name="key">A key of <see cref="KeyBytes"/> bytes.</param>
    /// <param name="plain">The plaintext.</param>
    /// <param name="context">Associated data that <see cref="Decrypt"/> must repeat, such as the storage location; may be empty.</param>
    public static byte[] Encrypt(byte[] key, ReadOnlySpan<byte> plain, ReadOnlySpan<byte> context = default)
    {
        var envelope = new byte[HeadBytes + plain.Length];
        var nonce = envelope.AsSpan(0, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(key, TagBytes);
        aes.Encrypt(nonce, plain, envelope.AsSpan(HeadBytes), envelope.AsSpan(NonceBytes, TagBytes), context);
        return envelope;
    }

    /// <summary>Decrypts the result of <see cref="Encrypt"/>.</summary>
    /// <param name="key">The key used for encryption.</param>
    /// <param name="envelope">Nonce, tag and ciphertext.</param>
    /// <param name="context">The associated data used for encryption.</param>
    /// <exception cref="AuthenticationTagMismatchException">The key or context differs, or the envelope was modified.</exception>
    /// <exception cref="CryptographicException">The envelope is too short.</exception>
    public static byte[] Decrypt(byte[] key, ReadOnlySpan<byte> envelope, ReadOnlySpan<byte> context = default)
    {
        if (envelope.Length < HeadBytes)
        {
            throw new CryptographicException($"An encrypted envelope has at least {HeadBytes} bytes, not {envelope.Length}.");
        }

        var plain = new byte[envelope.Length - HeadBytes];
        using var aes = new AesGcm(key, TagBytes);
        aes.Decrypt(envelope[..NonceBytes], envelope[HeadBytes..], envelope[NonceBytes..HeadBytes], plain, context);
        return plain;
    }
}
