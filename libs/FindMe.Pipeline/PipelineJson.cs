using System.Text.Json;
using System.Text.Json.Serialization;
using FindMe.Hosting;

namespace FindMe.Pipeline;

/// <summary>The JSON format of messages, state and responses.</summary>
public static class PipelineJson
{
    /// <summary>camelCase names and enum values, no nulls. Unknown members are ignored, so that older apps can read newer documents.</summary>
    public static JsonSerializerOptions Options { get; } =
        new(AppJson.Configure(new JsonSerializerOptions(JsonSerializerDefaults.Web)))
        {
            Converters = { new FiniteNumbers() },
            // Dapr reorders members, so a message's kind need not come first.
            AllowOutOfOrderMetadataProperties = true,
        };

    /// <summary>The same for untrusted input: rejects null or missing values where a value is required.</summary>
    public static JsonSerializerOptions Strict { get; } =
        new(Options) { RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true };

    // Rejects 1e999 and "NaN", which can be read but not written back: the document could never be updated again.
    private sealed class FiniteNumbers : JsonConverter<float>
    {
        public override float Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.Number && reader.TryGetSingle(out var number) && float.IsFinite(number)
                ? number
                : throw new JsonException("A number is out of range.");

        public override void Write(Utf8JsonWriter writer, float value, JsonSerializerOptions options) => writer.WriteNumberValue(value);
    }
}
