using System.Globalization;
using System.Text;

namespace FindMe.Evaluation;

/// <summary>A line chart as an SVG that is legible on light and dark pages.</summary>
/// <param name="title">The title.</param>
/// <param name="horizontal">The horizontal axis.</param>
/// <param name="vertical">The vertical axis.</param>
internal sealed class Chart(string title, Axis horizontal, Axis vertical)
{
    private const int Width = 640;
    private const int Height = 360;
    private const int Left = 70;
    private const int Right = 20;
    private const int Top = 40;
    private const int Bottom = 55;
    private const int Ticks = 5;

    // Okabe and Ito's palette, which colour-blind readers can distinguish: https://jfly.uni-koeln.de/color/
    private static readonly string[] Colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"];

    private readonly StringBuilder _marks = new();
    private int _lines;

    /// <summary>Adds a named line.</summary>
    public void Line(string name, IEnumerable<(double X, double Y)> points)
    {
        var colour = Colours[_lines % Colours.Length];
        var path = string.Join(' ', points.Where(point => horizontal.Shows(point.X)).Select(point => $"{N(PlaceX(point.X))},{N(PlaceY(point.Y))}"));
        _marks.Append(CultureInfo.InvariantCulture, $"<polyline points=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\n");
        var y = Top + 14 + (18 * _lines++);
        _marks.Append(CultureInfo.InvariantCulture, $"<rect x=\"{Left + 14}\" y=\"{y - 9}\" width=\"18\" height=\"4\" fill=\"{colour}\"/>\n");
        Text(_marks, Left + 40, y - 2, name, "start");
    }

    /// <summary>Adds a vertical line at a value of the horizontal axis.</summary>
    public void Mark(string name, double x)
    {
        _marks.Append(CultureInfo.InvariantCulture,
            $"<line x1=\"{N(PlaceX(x))}\" y1=\"{Top}\" x2=\"{N(PlaceX(x))}\" y2=\"{Height - Bottom}\" stroke=\"#888\" stroke-dasharray=\"4 3\"/>\n");
        Text(_marks, PlaceX(x) + 4, Height - Bottom - 6, name, "start");
    }

    /// <summary>Writes the file.</summary>
    public void Save(string path)
    {
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture,
            $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" role=\"img\" font-family=\"sans-serif\" font-size=\"12\">\n");
        svg.Append(CultureInfo.InvariantCulture, $"<title>{title}</title>\n<rect width=\"{Width}\" height=\"{Height}\" fill=\"#fff\"/>\n");
        Text(svg, Width / 2.0, 22, title, "middle");
        for (var i = 0; i <= Ticks; i++)
        {
            var (x, y) = (horizontal.ValueAt((double)i / Ticks), vertical.ValueAt((double)i / Ticks));
            svg.Append(CultureInfo.InvariantCulture,
                $"<line x1=\"{Left}\" y1=\"{N(PlaceY(y))}\" x2=\"{Width - Right}\" y2=\"{N(PlaceY(y))}\" stroke=\"#ddd\"/>\n");
            Text(svg, PlaceX(x), Height - Bottom + 18, horizontal.Format(x), "middle");
            Text(svg, Left - 6, PlaceY(y) + 4, vertical.Format(y), "end");
        }

        Text(svg, (Left + Width - Right) / 2.0, Height - 12, horizontal.Name, "middle");
        svg.Append(CultureInfo.InvariantCulture,
            $"<text transform=\"translate(16 {(Top + Height - Bottom) / 2}) rotate(-90)\" text-anchor=\"middle\" fill=\"#222\">{vertical.Name}</text>\n");
        svg.Append(_marks).Append("</svg>\n");
        File.WriteAllText(path, svg.ToString());
    }

    private double PlaceX(double value) => Left + (horizontal.ShareOf(value) * (Width - Left - Right));

    private double PlaceY(double value) => Height - Bottom - (vertical.ShareOf(value) * (Height - Top - Bottom));

    private static string N(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);

    private static void Text(StringBuilder svg, double x, double y, string text, string anchor) =>
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{N(x)}\" y=\"{N(y)}\" text-anchor=\"{anchor}\" fill=\"#222\">{text}</text>\n");
}

/// <summary>An axis of a chart.</summary>
/// <param name="Name">What it measures, with its unit.</param>
/// <param name="From">Its smallest value; above 0 for a logarithmic axis.</param>
/// <param name="To">Its largest value.</param>
/// <param name="PowersOfTen">Whether it is logarithmic.</param>
internal sealed record Axis(string Name, double From, double To, bool PowersOfTen = false)
{
    public bool Shows(double value) => value >= From && value <= To;

    public double ShareOf(double value)
    {
        var clamped = Math.Clamp(value, From, To);
        return PowersOfTen ? Math.Log(clamped / From) / Math.Log(To / From) : (clamped - From) / (To - From);
    }

    public double ValueAt(double share) => PowersOfTen ? From * Math.Pow(To / From, share) : From + (share * (To - From));

    public string Format(double value) =>
        PowersOfTen ? value.ToString("0e0", CultureInfo.InvariantCulture) : value.ToString("0.###", CultureInfo.InvariantCulture);
}
