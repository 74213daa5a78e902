using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace FindMe.Evaluation;

/// <summary>Writes the results: one JSON object as the last line of standard output, and the file of <c>--json</c>.</summary>
internal static class Report
{
    // Does not escape file names, since the output is not for web pages.
    private static readonly JsonSerializerOptions Line = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonSerializerOptions Indented = new(Line) { WriteIndented = true };

    /// <summary>Writes the summary as one line, and the summary and details to the file.</summary>
    /// <param name="summary">The summary.</param>
    /// <param name="details">The details, only for the file.</param>
    /// <param name="file">The file; null for none.</param>
    public static void Write(JsonObject summary, JsonObject details, FileInfo? file)
    {
        if (file is not null)
        {
            file.Directory?.Create();
            File.WriteAllText(
                file.FullName,
                new JsonObject { ["summary"] = summary.DeepClone(), ["details"] = details }.ToJsonString(Indented) + "\n");
        }

        Console.Out.WriteLine(summary.ToJsonString(Line));
    }

    /// <summary>Rounds to four decimals, above the precision of a few thousand pairs.</summary>
    public static double Round(double value) => Math.Round(value, 4);
}
