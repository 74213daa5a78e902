using System.Security.Cryptography;
using System.Text;

namespace FindMe.Hosting;

/// <summary>Compares secrets.</summary>
public static class Secrets
{
    /// <summary>Whether two secrets are the same, in a time that tells nothing: neither where they differ nor, since hashes are compared, how long they are.</summary>
    /// <param name="given">What somebody sent.</param>
    /// <param name="expected">What it must be.</param>
    public static bool AreSame(string given, string expected) => CryptographicOperations.FixedTimeEquals(
        SHA256.HashData(Encoding.UTF8.GetBytes(given)), SHA256.HashData(Encoding.UTF8.GetBytes(expected)));
}
