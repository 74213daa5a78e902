using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using FindMe.Pipeline;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;

namespace FindMe.Apps.Tests.Local;

/// <summary>
/// Reads faces out of a data folder as a thief would: searches every byte of every file for people's wrapped keys and encrypted embeddings, in
/// every encoding, unwraps the keys with the key ring that lies beside them, and tries each key on each candidate.
/// </summary>
/// <param name="data">The data folder.</param>
internal sealed partial class FaceCarver(string data)
{
    // The recipe default has 704 numbers, dlib and face-api 128; each candidate is AES-GCM's nonce and tag and those.
    private static readonly int[] SealedBytes = [28 + (704 * 4), 28 + (128 * 4)];

    // What Data Protection puts before everything it encrypts: https://learn.microsoft.com/aspnet/core/security/data-protection/implementation/authenticated-encryption-details
    private static readonly byte[] ProtectedHeader = [0x09, 0xF0, 0xC9, 0xF0];

    // What is once known is known: who was there, and under which names.
    private readonly HashSet<string> _references = [];
    private readonly HashSet<string> _recipes = [];

    /// <summary>Decrypts what can be decrypted: each embedding once.</summary>
    public IReadOnlyCollection<string> Decrypt() => Decrypt(data);

    /// <summary>The same in a copy of the folder.</summary>
    public IReadOnlyCollection<string> DecryptCopy(string copy)
    {
        foreach (var file in Files(data))
        {
            var target = Path.Combine(copy, Path.GetRelativePath(data, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.WriteAllBytes(target, Read(file));
        }

        return Decrypt(copy);
    }

    private HashSet<string> Decrypt(string folder)
    {
        var protector = new ServiceCollection().AddLogging().AddDataProtection().SetApplicationName("FindMe").DisableAutomaticKeyGeneration()
            .PersistKeysToFileSystem(new DirectoryInfo(Path.Combine(folder, "keys"))).Services.BuildServiceProvider()
            .GetRequiredService<IDataProtectionProvider>().CreateProtector("FindMe.PersonKey.v1");
        List<byte[]> keys = [];
        List<byte[]> candidates = [];
        List<string> words = [];
        List<byte[]> contents = [];
        foreach (var file in Files(folder))
        {
            var bytes = Read(file);
            // JSON may escape the plus and the slash.
            var text = Encoding.Latin1.GetString(bytes).Replace("\\u002B", "+", StringComparison.OrdinalIgnoreCase).Replace("\\/", "/", StringComparison.Ordinal);
            foreach (Match match in Reference().Matches(text))
            {
                _references.Add($"{match.Groups[1].Value}/{match.Groups[2].Value}");
            }

            foreach (Match match in Recipe().Matches(text))
            {
                _recipes.Add(match.Groups[1].Value);
            }

            words.AddRange(LongWord().Matches(text).Select(match => match.Value));
            contents.Add(bytes);
        }

        foreach (var raw in words.Concat(Joined(words)).SelectMany(Decoded).Concat(contents))
        {
            for (var at = raw.AsSpan().IndexOf(ProtectedHeader); at >= 0;)
            {
                if (TryUnprotect(protector, raw, at) is { } key)
                {
                    keys.Add(key);
                }

                var next = raw.AsSpan(at + 1).IndexOf(ProtectedHeader);
                at = next < 0 ? -1 : at + 1 + next;
            }

            candidates.AddRange(SealedBytes.Where(length => raw.Length == length).Select(_ => raw));
        }

        return
        [
            .. from key in keys.DistinctBy(Convert.ToHexString)
               from candidate in candidates.DistinctBy(Convert.ToHexString)
               from reference in _references
               from recipe in _recipes
               let plain = PersonKeys.TryDecrypt(key, Convert.ToBase64String(candidate), $"{reference}/{recipe}")
               where plain is not null
               select Convert.ToHexString(plain),
        ];
    }

    // Base64 of which one part lies in a page of a database and the rest in another, perhaps of its log. They may be parted inside of an escaped plus.
    private static IEnumerable<string> Joined(List<string> words)
    {
        const string plus = "\\u002B";
        var lengths = SealedBytes.Select(bytes => (bytes + 2) / 3 * 4).ToHashSet();
        foreach (var first in words)
        {
            foreach (var rest in words)
            {
                if (lengths.Contains(first.Length + rest.Length))
                {
                    yield return first + rest;
                }

                for (var cut = 1; cut < plus.Length; cut++)
                {
                    var left = plus.Length - cut;
                    if (lengths.Contains(first.Length + 1 + rest.Length - left) && rest.StartsWith(plus[cut..], StringComparison.Ordinal))
                    {
                        yield return $"{first}+{rest[left..]}";
                    }
                }
            }
        }
    }

    // Base64 in both alphabets, and hexadecimal.
    private static IEnumerable<byte[]> Decoded(string word)
    {
        if (word.All(char.IsAsciiHexDigit))
        {
            yield return Convert.FromHexString(word[..(word.Length / 2 * 2)]);
        }

        var base64 = word.Replace('-', '+').Replace('_', '/').TrimEnd('=');
        base64 = base64[..(base64.Length - (base64.Length % 4 == 1 ? 1 : 0))];
        yield return Convert.FromBase64String(base64 + new string('=', (4 - (base64.Length % 4)) % 4));
    }

    private static byte[]? TryUnprotect(IDataProtector protector, byte[] bytes, int at)
    {
        // A wrapped key of 32 bytes has 116 to 200 bytes, by the ring's algorithm; where it ends, nothing says.
        foreach (var length in Enumerable.Range(100, 100).Prepend(bytes.Length - at).Where(length => length <= bytes.Length - at))
        {
            try
            {
                return protector.Unprotect(bytes.AsSpan(at, length).ToArray());
            }
            catch (CryptographicException)
            {
                // Not so long, or no longer whole.
            }
        }

        return null;
    }

    private static IEnumerable<string> Files(string folder) =>
        Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Where(file => !file.EndsWith(".lock", StringComparison.Ordinal) && !file.EndsWith(".jpg", StringComparison.Ordinal));

    private static byte[] Read(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }

    [GeneratedRegex("person/([0-9a-f]{32})/reference/([0-9a-f]{32})")]
    private static partial Regex Reference();

    [GeneratedRegex("\"recipe\":\"([^\"]{1,200})\"")]
    private static partial Regex Recipe();

    [GeneratedRegex("[A-Za-z0-9+/_-]{100,}={0,2}")]
    private static partial Regex LongWord();
}
