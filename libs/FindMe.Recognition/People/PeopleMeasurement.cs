using System.Globalization;

namespace FindMe.Recognition;

/// <summary>Accuracy of a people model on the holdout.</summary>
/// <param name="Labels">The names, then <c>unknown</c>.</param>
/// <param name="Confusion">Confusion matrix: rows are the true labels, columns the assigned ones, both in the order of <paramref name="Labels"/>.</param>
/// <param name="ClosedSetAccuracy">Share of people's faces whose most probable person is correct, without rejection, 0 to 1; null without faces of people.</param>
public sealed record PeopleMeasurement(IReadOnlyList<string> Labels, IReadOnlyList<IReadOnlyList<int>> Confusion, double? ClosedSetAccuracy)
{
    // Maximum share of faces that a smaller model may get wrong in addition. With fewer than 100 faces, one face exceeds this share.
    private const double MaxLoss = 0.01;

    /// <summary>Share of people's faces with the correct name, 0 to 1; null without faces of people.</summary>
    public double? Accuracy => Share(CorrectlyNamed, PeopleFaces);

    /// <summary>Share of people's faces with another person's name, 0 to 1; null without faces of people.</summary>
    public double? WrongNames => Share(People.Sum(person => People.Where(other => other != person).Sum(other => Confusion[person][other])), PeopleFaces);

    /// <summary>Share of strangers' faces with a person's name, 0 to 1; null without faces of strangers.</summary>
    public double? UnknownFalseAccepts => Share(NamedStrangers, StrangerFaces);

    private int PeopleFaces => People.Sum(person => Confusion[person].Sum());

    private int CorrectlyNamed => People.Sum(person => Confusion[person][person]);

    private int StrangerFaces => Confusion[^1].Sum();

    private int NamedStrangers => StrangerFaces - Confusion[^1][^1];

    private IEnumerable<int> People => Enumerable.Range(0, Labels.Count - 1);

    /// <summary>Share of correct faces among those with this label, 0 to 1; null if no face got it.</summary>
    /// <param name="label">Index into <see cref="Labels"/>.</param>
    public double? PrecisionOf(int label) => Share(Confusion[label][label], Confusion.Sum(row => row[label]));

    /// <summary>Share of the label's faces that got the label, 0 to 1; null if the holdout has none.</summary>
    /// <param name="label">Index into <see cref="Labels"/>.</param>
    public double? RecallOf(int label) => Share(Confusion[label][label], Confusion[label].Sum());

    /// <summary>Describes the accuracy loss of a smaller model against the full one, whose measurement this is.</summary>
    /// <param name="small">Measurement of the smaller model on the same faces.</param>
    /// <returns>
    /// A clause for the user that starts with a verb. Null if the smaller model gets at most 1 % more of the people's faces and 1 % more of the
    /// strangers' faces wrong, or one face of each.
    /// </returns>
    public string? LossOf(PeopleMeasurement small)
    {
        ArgumentNullException.ThrowIfNull(small);
        return IsMore(CorrectlyNamed - small.CorrectlyNamed, PeopleFaces) ? $"names {small.CorrectlyNamed} of {PeopleFaces} people's faces correctly, the full model {CorrectlyNamed}"
            : IsMore(small.NamedStrangers - NamedStrangers, StrangerFaces) ? $"gives {small.NamedStrangers} of {StrangerFaces} strangers' faces a name, the full model {NamedStrangers}"
            : null;

        static bool IsMore(int lost, int of) => lost > Math.Max(1, MaxLoss * of);
    }

    /// <summary>Returns the confusion matrix as CSV (RFC 4180) with a header.</summary>
    public string ToCsv()
    {
        var rows = Labels.Zip(Confusion, (label, row) => Line([label, .. row.Select(count => count.ToString(CultureInfo.InvariantCulture))]));
        return string.Concat(rows.Prepend(Line(["is \\ named", .. Labels])));

        static string Line(IEnumerable<string> fields) => string.Join(',', fields.Select(Quote)) + "\r\n";

        // Quotes fields that contain a comma, a quote or a line break, and doubles their quotes.
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
