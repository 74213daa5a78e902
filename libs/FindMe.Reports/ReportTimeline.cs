using System.Globalization;

namespace FindMe.Reports;

/// <summary>When the photos of a report were posted, as a chart of bars in SVG.</summary>
internal static class ReportTimeline
{
    private const int Width = 420;
    private const int Height = 90;

    // The bars stand on the line at this height; below it are the first and the last day.
    private const int Base = 70;
    private const int MostBars = 62;

    /// <summary>The chart; empty where all photos are of one day, or no day is known.</summary>
    public static string Svg(IReadOnlyList<ReportPhoto> photos)
    {
        var days = photos.Where(photo => photo.Day is not null).Select(photo => photo.Day!.Value.DayNumber).ToList();
        if (days.Count == 0 || days.Min() == days.Max())
        {
            return "";
        }

        var (first, last) = (days.Min(), days.Max());
        var daysPerBar = (last - first + MostBars) / MostBars;
        var bars = new int[((last - first) / daysPerBar) + 1];
        foreach (var day in days)
        {
            bars[(day - first) / daysPerBar]++;
        }

        var (step, most) = ((float)Width / bars.Length, bars.Max());
        var width = Math.Min(step * 0.7f, 28);
        var marks = string.Concat(bars.Index().Where(bar => bar.Item > 0).Select(bar =>
        {
            var (x, height) = ((bar.Index * step) + ((step - width) / 2), (float)(Base - 16) * bar.Item / most);
            var count = bars.Length <= 20 ? $"<text x=\"{x + (width / 2):0.#}\" y=\"{Base - height - 4:0.#}\" text-anchor=\"middle\">{bar.Item}</text>" : "";
            return $"<rect x=\"{x:0.#}\" y=\"{Base - height:0.#}\" width=\"{width:0.#}\" height=\"{height:0.#}\" rx=\"2\"/>{count}";
        }));
        return $"""
            <svg class="timeline" viewBox="0 0 {Width} {Height}" role="img" aria-label="Photos by day, {Words(first)} to {Words(last)}; most at a time: {most}"><path d="M0 {Base}.5H{Width}"/>{marks}<text x="0" y="{Height - 4}">{Words(first)}</text><text x="{Width}" y="{Height - 4}" text-anchor="end">{Words(last)}</text></svg>

            """;
    }

    private static string Words(int day) => DateOnly.FromDayNumber(day).ToString("d MMM yyyy", CultureInfo.InvariantCulture);
}
