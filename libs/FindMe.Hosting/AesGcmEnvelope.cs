using System.Security.Cryptography;

namespace FindMe.Hosting;

/// <summary>AES-256-GCM as FindMe keeps it: 12 bytes nonce, 16 bytes tag, then the ciphertext.</summary>
public static class AesGcmEnvelope
{
    /// <summary>Bytes of a key.</summary>
    public const int KeyBytes = 32;

    // https://csrc.nist.gov/pubs/sp/800/38/d/final: the sizes that every implementation has.
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int HeadBytes = NonceBytes + TagBytes;

    /// <summary>A random key.</summary>
    public static byte[] NewKey() => RandomNumberGenerator.GetBytes(KeyBytes);

    /// <summary>Encrypts bytes under a nonce of their own.</summary>
    /// <param name="key">The key, <see cref="KeyBytes"/> long.</param>
    /// <param name="plain">What to encrypt.</param>
    /// <param name="context">What the reader must name too, such as where it lies; may be empty.</param>
    public static byte[] Encrypt(byte[] key, ReadOnlySpan<byte> plain, ReadOnlySpan<byte> context = default)
    {
        var envelope = new byte[HeadBytes + plain.Length];
        var nonce = envelope.AsSpan(0, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(key, TagBytes);
        aes.Encrypt(nonce, plain, envelope.AsSpan(HeadBytes), envelope.AsSpan(NonceBytes, TagBytes), context);
        return envelope;
    }

    /// <summary>Decrypts what <see cref="Encrypt"/> made.</summary>
    /// <param name="key">The same key.</param>
    /// <param name="envelope">All of it.</param>
    /// <param name="context">The same context.</param>
    /// <exception cref="AuthenticationTagMismatchException">It was made under another key or context, or was changed.</exception>
    /// <exception cref="CryptographicException">It is too short to be one.</exception>
    public static byte[] Decrypt(byte[] key, ReadOnlySpan<byte> envelope, ReadOnlySpan<byte> context = default)
    {
        if (envelope.Length < HeadBytes)
        {
            throw new CryptographicException($"{envelope.Length} bytes are no envelope.");
        }

        var plain = new byte[envelope.Length - HeadBytes];
        using var aes = new AesGcm(key, TagBytes);
        aes.Decrypt(envelope[..NonceBytes], envelope[HeadBytes..], envelope[NonceBytes..HeadBytes], plain, context);
        return plain;
    }
}
