using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace FindMe.ModelBuilder;

/// <summary>The digests of all packages and output files, from the table in <c>models/README.md</c>.</summary>
internal sealed partial class Pins
{
    private readonly Dictionary<string, string> _pins = new(StringComparer.Ordinal);

    private Pins()
    {
    }

    /// <summary>Reads the rows <c>| `file` | … | `digest` |</c>, whose digest is 64 hexadecimal digits, or sha512 in npm's form.</summary>
    /// <param name="root">The repository's folder.</param>
    /// <exception cref="BuildException">The file is missing.</exception>
    public static Pins Read(string root)
    {
        var readme = Path.Combine(root, "models", "README.md");
        if (!File.Exists(readme))
        {
            throw new BuildException($"{readme}, which pins packages and models, is missing: restore it from git");
        }

        var pins = new Pins();
        foreach (Match row in Row().Matches(File.ReadAllText(readme)))
        {
            pins._pins[row.Groups["file"].Value] = row.Groups["digest"].Value;
        }

        return pins;
    }

    /// <summary>Returns the pinned digest of a file.</summary>
    /// <exception cref="BuildException">The table has no row for the file.</exception>
    public string this[string file] =>
        _pins.TryGetValue(file, out var pin) ? pin : throw new BuildException($"models/README.md pins no digest for {file}: add a row");

    public static string Sha256(ReadOnlySpan<byte> data) => Convert.ToHexStringLower(SHA256.HashData(data));

    /// <summary>Returns a sha512 in npm's format: <c>sha512-</c> and base64.</summary>
    public static string Sha512(ReadOnlySpan<byte> data) => $"sha512-{Convert.ToBase64String(SHA512.HashData(data))}";

    [GeneratedRegex(@"^\| `(?<file>[^`]+)` \|.*\| `(?<digest>[0-9a-f]{64}|sha512-[A-Za-z0-9+/=]+)` \|$", RegexOptions.Multiline)]
    private static partial Regex Row();
}
