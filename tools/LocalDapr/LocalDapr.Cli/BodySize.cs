using System.Globalization;

namespace LocalDapr.Cli;

/// <summary>Sizes as Kubernetes writes them: <c>4Mi</c>, <c>512Ki</c>, <c>1Gi</c>, <c>5M</c>, or bytes.</summary>
internal static class BodySize
{
    private static readonly (string Unit, long Bytes)[] Units =
        [("Ki", 1L << 10), ("Mi", 1L << 20), ("Gi", 1L << 30), ("k", 1000), ("M", 1_000_000), ("G", 1_000_000_000), ("", 1)];

    /// <summary>Reads a size in bytes.</summary>
    /// <exception cref="FormatException">It is none, or beyond 1 GiB.</exception>
    public static int Parse(string text)
    {
        var (unit, bytes) = Units.First(unit => text.EndsWith(unit.Unit, StringComparison.Ordinal));
        return long.TryParse(text[..^unit.Length], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 && number <= (1L << 30) / bytes
            ? (int)(number * bytes)
            : throw new FormatException($"--max-body-size '{text}' is no size like 4Mi, up to 1Gi.");
    }
}
