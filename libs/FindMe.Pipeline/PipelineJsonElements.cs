using System.Text.Json;

namespace FindMe.Pipeline;

/// <summary>Reads single values of JSON.</summary>
public static class PipelineJsonElements
{
    /// <summary>Reads a document.</summary>
    /// <param name="element">A value of the state store.</param>
    /// <returns>The document.</returns>
    /// <exception cref="JsonException">The value has another shape.</exception>
    public static T Read<T>(this JsonElement element) =>
        element.Deserialize<T>(PipelineJson.Options) ?? throw new JsonException("A state value is null.");
}
