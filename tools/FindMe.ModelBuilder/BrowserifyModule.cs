using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace FindMe.ModelBuilder;

/// <summary>Reads the exported value of a Browserify module, such as nsfwjs' weights, without running the script.</summary>
internal static partial class BrowserifyModule
{
    /// <summary>Returns the exported value as JSON.</summary>
    /// <param name="script">The minified script: unquoted keys, <c>!0</c> for true, numbers without leading 0.</param>
    /// <exception cref="BuildException">The script does not export a literal.</exception>
    public static JsonDocument Read(string script)
    {
        // Browserify renames the module's parameters, but the exported value always follows `.exports=`.
        if (Export().Match(script) is not { Success: true } export)
        {
            throw new BuildException("the script does not export a literal");
        }

        var json = Token().Replace(script[export.Index..], token => token.Value switch
        {
            ['"', ..] => token.Value,
            "!0" => "true",
            "!1" => "false",
            "." => "0.",
            var key => $"\"{key}\"",
        });
        try
        {
            // Reads only the first value; the rest of the script follows.
            var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
            return JsonDocument.ParseValue(ref reader);
        }
        catch (JsonException exception)
        {
            throw new BuildException($"the script does not export a literal: {exception.Message}");
        }
    }

    [GeneratedRegex("(?<=\\.exports=)[{\\[\"]")]
    private static partial Regex Export();

    // A string, a boolean, a key, or the decimal point of a number without leading 0.
    [GeneratedRegex("""
        "[^"\\]*(?:\\.[^"\\]*)*"|![01]|(?<![\w$])[A-Za-z_$][\w$]*(?=:)|(?<![\w$])\.(?=\d)
        """)]
    private static partial Regex Token();
}
