using System.Globalization;

namespace FindMe.Recognition;

/// <summary>How well faces that were kept aside were named.</summary>
/// <param name="Labels">The names, and <c>unknown</c> last.</param>
/// <param name="Confusion">Rows are who it is, columns who it was named as, both as <paramref name="Labels"/>.</param>
/// <param name="ClosedSetAccuracy">Share of people's faces whose likeliest person was the right one, strangers not being thought of, 0 to 1; null without any.</param>
public sealed record PeopleMeasurement(IReadOnlyList<string> Labels, IReadOnlyList<IReadOnlyList<int>> Confusion, double? ClosedSetAccuracy)
{
    // What a smaller model may get wrong beyond the full one, as a share of the faces. Of fewer than a hundred faces one alone is more.
    private const double MaxLoss = 0.01;

    /// <summary>Share of people's faces that were named rightly, 0 to 1; null without any.</summary>
    public double? Accuracy => Share(NamedRightly, OfPeople);

    /// <summary>Share of people's faces that were given another person's name, 0 to 1.</summary>
    public double? WrongNames => Share(People.Sum(person => People.Where(other => other != person).Sum(other => Confusion[person][other])), OfPeople);

    /// <summary>Share of strangers' faces that were given a name, 0 to 1; null without any.</summary>
    public double? UnknownFalseAccepts => Share(NamedStrangers, OfStrangers);

    private int OfPeople => People.Sum(person => Confusion[person].Sum());

    private int NamedRightly => People.Sum(person => Confusion[person][person]);

    private int OfStrangers => Confusion[^1].Sum();

    private int NamedStrangers => OfStrangers - Confusion[^1][^1];

    private IEnumerable<int> People => Enumerable.Range(0, Labels.Count - 1);

    /// <summary>Of the faces that were named as this one, the share that is; null if none was.</summary>
    /// <param name="label">Index of the person.</param>
    public double? PrecisionOf(int label) => Share(Confusion[label][label], Confusion.Sum(row => row[label]));

    /// <summary>Of the person's faces, the share that was named so; null if none was kept aside.</summary>
    /// <param name="label">Index of the person.</param>
    public double? RecallOf(int label) => Share(Confusion[label][label], Confusion[label].Sum());

    /// <summary>What a smaller model does worse on the same faces than the one it was made of, which this is the measurement of.</summary>
    /// <param name="small">The measurement of the smaller one.</param>
    /// <returns>
    /// A clause for people that begins with a verb; null if it names at most a hundredth of people's faces less rightly and of strangers' more,
    /// or in either case one face.
    /// </returns>
    public string? LossOf(PeopleMeasurement small)
    {
        ArgumentNullException.ThrowIfNull(small);
        return IsMore(NamedRightly - small.NamedRightly, OfPeople) ? $"names {small.NamedRightly} of {OfPeople} people's faces rightly, the full one {NamedRightly}"
            : IsMore(small.NamedStrangers - NamedStrangers, OfStrangers) ? $"gives {small.NamedStrangers} of {OfStrangers} strangers' faces a name, the full one {NamedStrangers}"
            : null;

        static bool IsMore(int lost, int of) => lost > Math.Max(1, MaxLoss * of);
    }

    /// <summary>The confusion matrix as CSV (RFC 4180): a header, and rows and columns as <see cref="Confusion"/> has them.</summary>
    public string ToCsv()
    {
        var rows = Labels.Zip(Confusion, (label, row) => Line([label, .. row.Select(count => count.ToString(CultureInfo.InvariantCulture))]));
        return string.Concat(rows.Prepend(Line(["is \\ named", .. Labels])));

        static string Line(IEnumerable<string> fields) => string.Join(',', fields.Select(Quote)) + "\r\n";

        // A field with a comma, a quote or a line's end stands in quotes, quotes in it twice.
        static string Quote(string field) => field.AsSpan().IndexOfAny(",\"\r\n") < 0 ? field : $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    internal static PeopleMeasurement Of(IReadOnlyList<string> people, IEnumerable<(int Label, string Name, string Likeliest)> faces)
    {
        var (likeliestRight, known) = (0, 0);
        var labels = people.Append(PeopleFolder.Unknown).ToArray();
        var confusion = labels.Select(_ => new int[labels.Length]).ToArray();
        foreach (var (label, name, likeliest) in faces)
        {
            confusion[label][Array.IndexOf(labels, name)]++;
            if (label < people.Count)
            {
                known++;
                likeliestRight += likeliest == people[label] ? 1 : 0;
            }
        }

        return new PeopleMeasurement(labels, confusion, Share(likeliestRight, known));
    }

    private static double? Share(int part, int all) => all > 0 ? (double)part / all : null;
}
