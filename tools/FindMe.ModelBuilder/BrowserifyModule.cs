using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace FindMe.ModelBuilder;

/// <summary>A script that exports one value, as nsfwjs packs its weights: the value is read, the script is never run.</summary>
internal static partial class BrowserifyModule
{
    /// <summary>The value as JSON.</summary>
    /// <param name="script">The script, minified: keys bare, <c>!0</c> for true, numbers without their 0.</param>
    /// <exception cref="BuildException">It exports something else than a literal.</exception>
    public static JsonDocument Read(string script)
    {
        // Browserify names a module's parameters as it likes: what the module is made of stands behind `.exports=`.
        if (Export().Match(script) is not { Success: true } export)
        {
            throw new BuildException("the script exports no literal");
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
            // The first value is read; what follows it is the rest of the script.
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

    // A text, true or false, a key, or the point of a number without its 0.
    [GeneratedRegex("""
        "[^"\\]*(?:\\.[^"\\]*)*"|![01]|(?<![\w$])[A-Za-z_$][\w$]*(?=:)|(?<![\w$])\.(?=\d)
        """)]
    private static partial Regex Token();
}
