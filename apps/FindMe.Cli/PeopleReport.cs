using System.Globalization;
using System.Text.Json.Serialization;
using FindMe.Recognition;

namespace FindMe.Cli;

/// <summary>The result of training and measurement, for programs.</summary>
internal sealed record PeopleReport(
    PeopleCard Card,
    [property: JsonPropertyName("evenDistances")] IReadOnlyList<float> Midpoints,
    IReadOnlyList<SkippedPhoto> Skipped,
    IReadOnlyList<string> Alike,
    int Photos,
    int OtherFiles,
    int WithoutFace,
    double ReadingSeconds,
    double TrainingSeconds,
    PeopleMeasurement? EightBit)
{
    public static PeopleReport Of(TrainedPeople people, PeopleMeasurement? eightBit) => new(
        people.Model.Card,
        people.Model.Midpoints,
        people.Skipped,
        people.Lookalikes,
        people.Photos,
        people.OtherFiles,
        people.WithoutFace,
        people.Reading.TotalSeconds,
        people.Training.TotalSeconds,
        eightBit);
}

/// <summary>The result of training and measurement, for people.</summary>
internal static class PeopleLines
{
    // Larger tables do not fit a terminal; then only the mistakes are listed.
    private const int LargestTable = 12;

    private const int FirstWidth = 24;
    private const int CellWidth = 10;

    /// <summary>Writes what was skipped to standard error, and the rest to standard output.</summary>
    /// <param name="people">The trained people.</param>
    /// <param name="isOneOfTwo">Whether the summary of the 8-bit model will follow.</param>
    public static void Write(TrainedPeople people, bool isOneOfTwo)
    {
        foreach (var photo in people.Skipped)
        {
            CommandLine.Complain($"Skipped {photo.Photo}: {photo.Problem}.");
        }

        foreach (var alike in people.Lookalikes)
        {
            CommandLine.Complain(alike);
        }

        var card = people.Model.Card;
        Console.WriteLine(FormattableString.Invariant(
            $"{card.Photos.Count} people, {card.Photos.Values.Sum()} photos of them, {card.UnknownFaces} faces of strangers; {people.Skipped.Count} skipped, {people.OtherFiles} other files, {people.WithoutFace} pictures of nobody"));
        Console.WriteLine(FormattableString.Invariant(
            $"detecting and augmenting faces {people.Reading.TotalSeconds:0.0} s, training {people.Training.TotalSeconds:0.00} s"));
        if (card.Measured is not { } measured)
        {
            Console.WriteLine("Nothing was measured: no person has three photos that are not copies of each other, or --holdout is 0.");
            return;
        }

        Console.WriteLine();
        Console.WriteLine("Held-out photos, named by a model trained without them:");
        if (measured.Labels.Count <= LargestTable && measured.Labels.Select(label => Cut(Screen.OneLine(label))).Distinct(StringComparer.Ordinal).Count() == measured.Labels.Count)
        {
            WriteTable(measured);
        }
        else
        {
            WriteMistakes(measured);
        }

        Console.WriteLine();
        WriteRow("", "precision", "recall");
        for (var label = 0; label < measured.Labels.Count - 1; label++)
        {
            WriteRow(measured.Labels[label], Percent(measured.PrecisionOf(label)), Percent(measured.RecallOf(label)));
        }

        Console.WriteLine();
        WriteSummary(isOneOfTwo ? "full: " : "", measured);
    }

    /// <summary>Summarizes a measurement in one line.</summary>
    public static void WriteSummary(string what, PeopleMeasurement measured) => Console.WriteLine(
        $"{what}people named correctly {Percent(measured.Accuracy)}, given another's name {Percent(measured.WrongNames)}, correct person most likely {Percent(measured.ClosedSetAccuracy)}; strangers given a name {Percent(measured.UnknownFalseAccepts)}");

    private static void WriteTable(PeopleMeasurement measured)
    {
        WriteRow("is \\ named", [.. measured.Labels]);
        foreach (var (label, row) in measured.Labels.Zip(measured.Confusion))
        {
            WriteRow(label, [.. row.Select(count => count.ToString(CultureInfo.InvariantCulture))]);
        }
    }

    private static void WriteMistakes(PeopleMeasurement measured)
    {
        var mistakes = measured.Labels.Zip(measured.Confusion)
            .SelectMany(row => measured.Labels.Zip(row.Second).Where(cell => cell.First != row.First && cell.Second > 0), (row, cell) => (Is: row.First, Named: cell.First, Count: cell.Second))
            .ToArray();
        foreach (var (label, named, count) in mistakes)
        {
            Console.WriteLine($"{count} × {Screen.OneLine(label)} named {Screen.OneLine(named)}");
        }

        if (mistakes.Length == 0)
        {
            Console.WriteLine("no mistakes");
        }
    }

    private static void WriteRow(string first, params string[] cells) =>
        Console.WriteLine($"{Screen.OneLine(first),-FirstWidth}{string.Concat(cells.Select(cell => $" {Cut(Screen.OneLine(cell)),CellWidth}"))}");

    private static string Cut(string text) => text.Length <= CellWidth ? text : $"{text[..(CellWidth - 1)]}…";

    private static string Percent(double? share) => share is { } value ? FormattableString.Invariant($"{value * 100:0.0} %") : "–";
}
