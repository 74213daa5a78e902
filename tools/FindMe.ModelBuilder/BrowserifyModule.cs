using System.Text;
using System.Text.Json;

namespace FindMe.ModelBuilder;

/// <summary>A script that exports one value, as nsfwjs packs its weights: the value is read, the script is never run.</summary>
internal static class BrowserifyModule
{
    // Browserify names a module's parameters as it likes: what the module is made of stands behind the last of these.
    private const string Export = ".exports=";

    /// <summary>The value as JSON.</summary>
    /// <param name="script">The script, minified: keys bare, <c>!0</c> for true, numbers without their 0.</param>
    /// <exception cref="BuildException">It exports something else than a literal.</exception>
    public static JsonDocument Read(string script)
    {
        var json = new StringBuilder(script.Length);
        var position = FindLiteral(script);
        var depth = 0;
        do
        {
            position = Translate(script, position, json, ref depth);
        }
        while (depth > 0 && position < script.Length);

        try
        {
            return JsonDocument.Parse(json.ToString());
        }
        catch (JsonException exception)
        {
            throw new BuildException($"the script does not export a literal: {exception.Message}");
        }
    }

    private static int FindLiteral(string script)
    {
        for (var found = script.IndexOf(Export, StringComparison.Ordinal); found >= 0; found = script.IndexOf(Export, found + 1, StringComparison.Ordinal))
        {
            var start = found + Export.Length;
            if (start < script.Length && script[start] is '{' or '[' or '"')
            {
                return start;
            }
        }

        throw new BuildException("the script exports no literal");
    }

    /// <summary>Translates one token.</summary>
    /// <returns>Where the next one begins.</returns>
    private static int Translate(string script, int position, StringBuilder json, ref int depth)
    {
        var first = script[position];
        switch (first)
        {
            case '{' or '[':
                depth++;
                json.Append(first);
                return position + 1;
            case '}' or ']':
                depth--;
                json.Append(first);
                return position + 1;
            case '"':
                var end = EndOfText(script, position);
                json.Append(script, position, end - position);
                return end;
            case '!':
                json.Append(script[position + 1] == '0' ? "true" : "false");
                return position + 2;
            case '.':
                json.Append("0.");
                return position + 1;
            case '-' when script[position + 1] == '.':
                json.Append("-0.");
                return position + 2;
            default:
                return char.IsAsciiLetter(first) || first is '_' or '$' ? Word(script, position, json) : NumberOrMark(script, position, json);
        }
    }

    // A key, or null.
    private static int Word(string script, int position, StringBuilder json)
    {
        var end = position;
        while (char.IsAsciiLetterOrDigit(script[end]) || script[end] is '_' or '$')
        {
            end++;
        }

        var word = script[position..end];
        json.Append(script[end] == ':' ? $"\"{word}\"" : word);
        return end;
    }

    // The whole of it, so that its point is not taken for the beginning of another; punctuation is copied one by one.
    private static int NumberOrMark(string script, int position, StringBuilder json)
    {
        var end = position + 1;
        while (char.IsAsciiDigit(script[position]) && end < script.Length && (char.IsAsciiLetterOrDigit(script[end]) || script[end] == '.'
            || (script[end] == '-' && script[end - 1] == 'e')))
        {
            end++;
        }

        json.Append(script, position, end - position);
        return end;
    }

    private static int EndOfText(string script, int position)
    {
        for (var end = position + 1; end < script.Length; end++)
        {
            switch (script[end])
            {
                case '\\':
                    end++;
                    break;
                case '"':
                    return end + 1;
                default:
                    break;
            }
        }

        throw new BuildException("the script ends inside a text");
    }
}
