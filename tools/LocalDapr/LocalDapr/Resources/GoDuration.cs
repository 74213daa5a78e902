using System.Globalization;
using System.Text.RegularExpressions;

namespace LocalDapr;

/// <summary>Parses durations in Go's format, as in Dapr's YAML: <c>300ms</c>, <c>1m30s</c>, <c>-1.5h</c>.</summary>
internal static partial class GoDuration
{
    private static readonly (string Unit, double Milliseconds)[] Units =
        [("ns", 1e-6), ("us", 1e-3), ("µs", 1e-3), ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];

    public static bool TryParse(string text, out TimeSpan duration)
    {
        var match = Duration().Match(text.Trim());
        var sum = match.Groups["amount"].Captures.Zip(
            match.Groups["unit"].Captures,
            (amount, unit) => double.Parse(amount.ValueSpan, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture) * Units.First(known => known.Unit == unit.Value).Milliseconds).Sum();
        var isDuration = match.Success && sum < TimeSpan.MaxValue.TotalMilliseconds;
        duration = isDuration ? TimeSpan.FromMilliseconds(match.Groups["sign"].ValueSpan is "-" ? -sum : sum) : TimeSpan.Zero;
        return isDuration;
    }

    [GeneratedRegex(@"^(?<sign>[+-]?)(0|((?<amount>[0-9]+\.?[0-9]*|\.[0-9]+)(?<unit>ns|us|µs|ms|s|m|h))+)\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Duration();
}
