using System.Text.Json;
using System.Text.Json.Serialization;
using FindMe.Hosting;

namespace FindMe.Pipeline;

/// <summary>How messages, state and answers are written as JSON.</summary>
public static class PipelineJson
{
    /// <summary>camelCase names and enum words, no nulls; unknown members are ignored, so that a newer writer is read by an older reader.</summary>
    public static JsonSerializerOptions Options { get; } =
        new(AppJson.Configure(new JsonSerializerOptions(JsonSerializerDefaults.Web)))
        {
            Converters = { new FiniteNumbers() },
            // Dapr sorts the members of what it is given, so that a message's kind need not come first.
            AllowOutOfOrderMetadataProperties = true,
        };

    /// <summary>The same, for what anybody may have sent: a message that says null where there is always something, or leaves it out, is none.</summary>
    public static JsonSerializerOptions Whole { get; } =
        new(Options) { RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true };

    // 1e999 and "NaN" would be read, but could never be written back: the document could not change any more.
    private sealed class FiniteNumbers : JsonConverter<float>
    {
        public override float Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.Number && reader.TryGetSingle(out var number) && float.IsFinite(number)
                ? number
                : throw new JsonException("A number does not fit.");

        public override void Write(Utf8JsonWriter writer, float value, JsonSerializerOptions options) => writer.WriteNumberValue(value);
    }
}
