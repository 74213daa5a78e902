using System.Security.Cryptography;
using System.Text;

namespace FindMe.Hosting;

/// <summary>Compares secrets in constant time.</summary>
public static class Secrets
{
    /// <summary>Whether two secrets are equal. Comparing hashes reveals neither the position of a difference nor the expected length by its timing.</summary>
    /// <param name="given">The secret from the request.</param>
    /// <param name="expected">The correct secret.</param>
    public static bool AreSame(string given, string expected) => CryptographicOperations.FixedTimeEquals(
        SHA256.HashData(Encoding.UTF8.GetBytes(given)), SHA256.HashData(Encoding.UTF8.GetBytes(expected)));
}
