using System.Text.Json;
using System.Text.Json.Serialization;

namespace FindMe.Hosting;

/// <summary>JSON conventions of the apps, and safe reading of untrusted JSON.</summary>
public static class AppJson
{
    /// <summary>Writes enums as camelCase strings, and omits nulls.</summary>
    /// <param name="options">The options to configure.</param>
    /// <returns>The same instance.</returns>
    public static JsonSerializerOptions Configure(JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase));
        return options;
    }

    /// <summary>Reads a string from untrusted JSON.</summary>
    /// <param name="element">Any JSON value.</param>
    /// <returns>Null if the value is not a string, or contains an unpaired surrogate, on which <see cref="JsonElement.GetString"/> throws.</returns>
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
