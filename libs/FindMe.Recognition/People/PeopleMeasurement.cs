namespace FindMe.Recognition;

/// <summary>How well faces that were kept aside were named.</summary>
/// <param name="Labels">The names, and <c>unknown</c> last.</param>
/// <param name="Confusion">Rows are who it is, columns who it was named as, both as <paramref name="Labels"/>.</param>
/// <param name="ClosedSetAccuracy">Share of people's faces whose likeliest person was the right one, strangers not being thought of, 0 to 1; null without any.</param>
public sealed record PeopleMeasurement(IReadOnlyList<string> Labels, IReadOnlyList<IReadOnlyList<int>> Confusion, double? ClosedSetAccuracy)
{
    /// <summary>Share of people's faces that were named rightly, 0 to 1; null without any.</summary>
    public double? Accuracy => Share(People.Sum(person => Confusion[person][person]), People.Sum(person => Confusion[person].Sum()));

    /// <summary>Share of people's faces that were given another person's name, 0 to 1.</summary>
    public double? WrongNames => Share(
        People.Sum(person => People.Where(other => other != person).Sum(other => Confusion[person][other])), People.Sum(person => Confusion[person].Sum()));

    /// <summary>Share of strangers' faces that were given a name, 0 to 1; null without any.</summary>
    public double? UnknownFalseAccepts => Share(Confusion[^1].Sum() - Confusion[^1][^1], Confusion[^1].Sum());

    private IEnumerable<int> People => Enumerable.Range(0, Labels.Count - 1);

    /// <summary>Of the faces that were named as this one, the share that is; null if none was.</summary>
    /// <param name="label">Index of the person.</param>
    public double? PrecisionOf(int label) => Share(Confusion[label][label], Confusion.Sum(row => row[label]));

    /// <summary>Of the person's faces, the share that was named so; null if none was kept aside.</summary>
    /// <param name="label">Index of the person.</param>
    public double? RecallOf(int label) => Share(Confusion[label][label], Confusion[label].Sum());

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
