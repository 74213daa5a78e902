using System.Text.Json;
using System.Text.Json.Serialization;

namespace FindMe.Hosting;

/// <summary>How FindMe's apps write JSON, and how they read what a stranger wrote.</summary>
public static class AppJson
{
    /// <summary>Sets camelCase enum words, and leaves nulls out.</summary>
    /// <param name="options">The options to change.</param>
    /// <returns>The same object.</returns>
    public static JsonSerializerOptions Configure(JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase));
        return options;
    }

    /// <summary>Reads a text that a stranger wrote.</summary>
    /// <param name="element">Any value.</param>
    /// <returns>Null where it is not a string, or holds half a surrogate pair, which JSON may write and no string can hold.</returns>
    public static string? TryGetText(this JsonElement element)
    {
        try
        {
            return element.ValueKind == JsonValueKind.String ? element.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
