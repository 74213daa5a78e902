using System.Globalization;
using System.Text;

namespace FindMe.Reports;

/// <summary>Names of files in one folder: each once, also where case does not count, and safe on Windows, macOS and Linux.</summary>
internal sealed class FileNames
{
    // Below the 255 bytes of Linux's file systems in any script, and short enough for Windows's paths of 260 characters.
    private const int MaxLength = 80;

    // https://learn.microsoft.com/windows/win32/fileio/naming-a-file
    private const string Forbidden = "<>:\"/\\|?*";
    private static readonly HashSet<string> Reserved = new(
        ["CON", "PRN", "AUX", "NUL", .. "0123456789¹²³".SelectMany(digit => new[] { $"COM{digit}", $"LPT{digit}" })], StringComparer.OrdinalIgnoreCase);

    private readonly HashSet<string> _taken;

    /// <summary>Names that none of <paramref name="taken"/> is.</summary>
    public FileNames(params string[] taken) => _taken = new(taken, StringComparer.OrdinalIgnoreCase);

    /// <summary>Makes a name and takes it.</summary>
    /// <param name="wanted">What it should be called, with or without an extension.</param>
    /// <param name="extension">The extension that tells what it holds, such as <c>.jpg</c>.</param>
    public string Take(string wanted, string extension)
    {
        var stem = Path.GetFileNameWithoutExtension(Clean(wanted));
        if (!IsKnown(Path.GetExtension(Clean(wanted))))
        {
            stem = Clean(wanted);
        }

        stem = Shorten(stem).TrimEnd('.', ' ');
        stem = stem.Length == 0 ? "photo" : Reserved.Contains(stem.Split('.')[0].TrimEnd()) ? "_" + stem : stem;
        var name = stem + extension;
        for (var number = 2; !_taken.Add(name); number++)
        {
            name = $"{stem} ({number}){extension}";
        }

        return name;
    }

    private static bool IsKnown(string extension) =>
        extension.ToUpperInvariant() is ".JPG" or ".JPEG" or ".PNG" or ".WEBP" or ".GIF" or ".AVIF" or ".TIF" or ".TIFF";

    // Control characters and those that turn the direction of writing can make a name look like another one.
    private static string Clean(string name)
    {
        var clean = new StringBuilder(name.Length);
        foreach (var rune in name.EnumerateRunes())
        {
            var isOdd = rune == Rune.ReplacementChar
                || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
                || (rune.IsAscii && Forbidden.Contains((char)rune.Value, StringComparison.Ordinal));
            clean.Append(isOdd ? "_" : rune.ToString());
        }

        return clean.ToString().Trim().Normalize(NormalizationForm.FormC);
    }

    private static string Shorten(string stem)
    {
        var length = Math.Min(stem.Length, MaxLength);
        while (length > 0 && (char.IsHighSurrogate(stem[length - 1]) || Encoding.UTF8.GetByteCount(stem.AsSpan(0, length)) > 200))
        {
            length--;
        }

        return stem[..length];
    }
}
