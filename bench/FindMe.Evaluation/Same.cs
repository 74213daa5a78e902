using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace FindMe.Evaluation;

/// <summary>Compares every number that two builds of findme print, such as a native one and one that is compiled at run time.</summary>
internal static partial class Same
{
    // The vectors of a photo are 22 × 512 numbers, so every tenth photo is enough.
    private const int TrainEvery = 10;

    /// <summary>Runs `findme train` and `findme recognize --json` of both builds.</summary>
    /// <param name="first">A program.</param>
    /// <param name="second">The other program.</param>
    /// <param name="folder">Photos, also in its subfolders.</param>
    /// <param name="models">Folder of the models; empty for the programs' own.</param>
    /// <param name="count">Maximum number of photos.</param>
    /// <param name="cancellationToken">Cancels the evaluation.</param>
    public static (JsonObject Summary, JsonObject Details) Evaluate(
        FileInfo first, FileInfo second, string folder, string models, int count, CancellationToken cancellationToken)
    {
        var files = Dump.FilesOf(folder).Take(count).ToList();
        string[] choice = models.Length > 0 ? ["--models", models] : [];
        var trained = files.Where((_, index) => index % TrainEvery == 0).ToList();
        using var progress = new Progress("runs", trained.Count + 1);
        var differences = new Differences();
        var person = (string?)null;
        foreach (var file in trained)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var vectors = differences.Compare(file, Run(first, ["train", file, "--face", "0", .. choice], null), Run(second, ["train", file, "--face", "0", .. choice], null));
            person ??= vectors.Length > 0 ? vectors : null;
            progress.Step();
        }

        if (person is null)
        {
            throw new EvaluationException($"No photo in {folder} has a face that is suitable for findme train.");
        }

        string[] recognize = ["recognize", "-", .. files, "--json", .. choice];
        var answers = differences.Compare("recognize", Run(first, recognize, person), Run(second, recognize, person));
        progress.Step();
        var summary = new JsonObject
        {
            ["photos"] = files.Count,
            ["answered"] = answers.Split('\n').Count(line => line.Contains("\"present\"", StringComparison.Ordinal)),
            ["trained"] = trained.Count,
            ["numbers"] = differences.Numbers,
            ["differentNumbers"] = differences.Different,
            ["largestDifference"] = differences.Largest,
            ["differentTexts"] = differences.Texts.Count,
        };
        return (summary, new JsonObject { ["differentTexts"] = new JsonArray([.. differences.Texts.Select(text => JsonValue.Create(text))]) });
    }

    // Standard output, standard error and the exit code, so that errors are compared too. Only the output contains vectors.
    private static (string Output, string Error) Run(FileInfo program, string[] arguments, string? input)
    {
        using var process = Process.Start(new ProcessStartInfo(program.FullName, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        }) ?? throw new EvaluationException($"{program} does not start.");
        var error = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (output, $"{process.ExitCode} {ElapsedTime().Replace(error.GetAwaiter().GetResult(), "")}");
    }

    // Progress reports of long runs.
    [GeneratedRegex(@"^photos: .*\n", RegexOptions.Multiline)]
    private static partial Regex ElapsedTime();

    [GeneratedRegex(@"-?\d+(\.\d+)?([eE][+-]?\d+)?")]
    private static partial Regex Number();

    /// <summary>Counts the numbers that differ between two texts, and remembers the texts that differ otherwise.</summary>
    private sealed class Differences
    {
        public long Numbers { get; private set; }

        public long Different { get; private set; }

        public double Largest { get; private set; }

        public List<string> Texts { get; } = [];

        /// <summary>Compares what two runs printed.</summary>
        /// <returns>The output of the first run.</returns>
        public string Compare(string what, (string Output, string Error) first, (string Output, string Error) second)
        {
            if (first.Error != second.Error || Number().Replace(first.Output, "#") != Number().Replace(second.Output, "#"))
            {
                Texts.Add($"{what}: {first.Error.TrimEnd()} | {second.Error.TrimEnd()}");
                return first.Output;
            }

            foreach (var (ours, theirs) in Number().Matches(first.Output).Zip(Number().Matches(second.Output)))
            {
                Numbers++;
                if (ours.Value != theirs.Value)
                {
                    Different++;
                    Largest = Math.Max(Largest, Math.Abs(Parse(ours) - Parse(theirs)));
                }
            }

            return first.Output;
        }

        private static double Parse(Match number) => double.Parse(number.Value, CultureInfo.InvariantCulture);
    }
}
