using System.Text.Json;

namespace FindMe.Pipeline;

/// <summary>Deserializes values of the state store.</summary>
public static class PipelineJsonElements
{
    /// <summary>Deserializes a document.</summary>
    /// <param name="element">A value of the state store.</param>
    /// <returns>The document.</returns>
    /// <exception cref="JsonException">The value is malformed.</exception>
    public static T Read<T>(this JsonElement element) =>
        element.Deserialize<T>(PipelineJson.Options) ?? throw new JsonException("A state value is null.");
}
