using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace FindMe.Evaluation;

/// <summary>The last line of standard output, which is one JSON object, and the file that <c>--json</c> names.</summary>
internal static class Report
{
    // File names are shown as they are; nothing here goes into a page.
    private static readonly JsonSerializerOptions Line = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonSerializerOptions Indented = new(Line) { WriteIndented = true };

    /// <summary>Writes the summary as one line, and summary and details into the file.</summary>
    /// <param name="summary">What the last line says.</param>
    /// <param name="details">What only the file says.</param>
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

    /// <summary>Four decimals: more than a few thousand pairs can tell.</summary>
    public static double Round(double value) => Math.Round(value, 4);
}
